// The service worker: where the server does not answer, it shows a page that says so and waits for it. It keeps no file
// of the page, so that none can be an older version's. Its words come in its own address, in the page's language.
const worker = /** @type {any} */ (self);
const words = new URL(worker.location.href).searchParams;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  if (event.request.mode !== "navigate") return;
  event.respondWith(fetch(event.request).catch(() => new Response(writePage(), { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } })));
});

/** Write the page that is shown meanwhile. */
function writePage() {
  const [language, title, text, button] = ["language", "title", "text", "button"].map((name) => escape(words.get(name) ?? ""));
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Croquis</title>
<style>
  :root { color-scheme: light dark; --paper: #fbf9f5; --ink: #1e1c19; --soft: #5a534a; }
  @media (prefers-color-scheme: dark) { :root { --paper: #161412; --ink: #f3efe8; --soft: #a39a8b; } }
  body { min-height: 90vh; margin: 0; padding: 0 24px; display: grid; place-content: center; justify-items: center; gap: 16px; background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, sans-serif; text-align: center; }
  svg { width: 96px; }
  h1 { margin: 8px 0 0; font: 600 26px/1.2 Georgia, serif; }
  p { margin: 0; max-width: 26em; color: var(--soft); }
  button { min-height: 48px; padding: 0 24px; border: 0; border-radius: 24px; background: #ad4528; color: white; font: 600 17px/1 system-ui, sans-serif; cursor: pointer; }
</style>
<main style="display: contents">
<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M7 22c3-9 7-13 9-12 3 1-5 8-2 9 2 .7 4-4 6-3.5 1.5.5 0 3.5 5 3" fill="none" stroke="#c65a3c" stroke-width="2" stroke-linecap="round"/></svg>
<h1>${title}</h1>
<p>${text}</p>
<button type="button" onclick="location.reload()">${button}</button>
</main>
<script>
  setInterval(() => fetch(location.href, { cache: "no-store" }).then((answer) => answer.ok && location.reload(), () => {}), 2000);
</script>
</html>`;
}

function escape(text) {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
