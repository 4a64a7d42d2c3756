// The page as an app of its own: the browser offers to install it (assets/app/manifest.json), and where the server does
// not answer, a service worker says so.
import { make } from "./dom.js";
import { language, say } from "./words.js";

/**
 * Register the service worker in the installed app's window, where the browser has them: over https, and on the machine
 * itself. A tab has none: the worker lives in the process of its page, and where that crashes Chromium lets the next
 * navigation wait for a worker that is gone.
 */
export function registerWorker() {
  const isInstalled = matchMedia("(display-mode: standalone)").matches || /** @type {any} */ (navigator).standalone; // the latter: iOS
  if (!isInstalled) return;
  const words = new URLSearchParams({
    language,
    title: say("Croquis does not answer"),
    text: say("The program that draws is not running, or cannot be reached from here. This page comes back by itself as soon as it is there; your drawing is kept."),
    button: say("Try again"),
  });
  navigator.serviceWorker?.register(new URL(`service-worker.js?${words}`, document.baseURI)).catch(() => {}); // without it the browser's own page says it
}

/** Give the app's window a frame in the page's colours, light and dark. Gradio keeps only one such line of the head. */
export function colourFrame() {
  const style = getComputedStyle(document.documentElement);
  for (const [scheme, shade] of [["light", "--neutral-50"], ["dark", "--neutral-950"]]) {
    const content = style.getPropertyValue(shade).trim();
    document.head.append(make("meta", { name: "theme-color", content, media: `(prefers-color-scheme: ${scheme})` }));
  }
}
