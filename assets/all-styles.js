// All styles in a dialog: searched by words or by a picture, and what can be done with one's own.
import { openDialog } from "./dialog.js";
import { make, makeIcon } from "./dom.js";
import { encodeBase64 } from "./intake.js";
import { isLent } from "./library.js";
import { chooseFile } from "./own-style.js";
import { makeStyleButton } from "./styles.js";
import { say } from "./words.js";

const PAUSE = 250; // ms after the last key before the server is asked

/**
 * Open the dialog.
 * @param {any} page
 * @param {import("./own-style.js").OwnStyles} own
 * @param {{ order: string[], wear: (id: string) => void, mixIn: (id: string) => void }} row
 */
export function openAllStyles(page, own, { order, wear, mixIn }) {
  let ids = order, typing, asked = 0;
  const search = make("input", { type: "text", inputmode: "search", id: "style-search", placeholder: say("Search: watercolour, neon, old photo…"), "aria-label": say("Search the styles by words"), autocomplete: "off", oninput: () => lookSoon() });
  const picture = make("button.with-icon", { type: "button", onclick: () => chooseFile(([file]) => lookLike(file)) }, makeIcon("picture"), say("Like a picture"));
  const said = make("p.style-note", { role: "status" });
  const grid = make("div.all-styles");
  const { node, close } = openDialog(say("All styles"), [make("div.style-search", {}, search, picture), said, grid], { name: "all-styles", onClose: () => page.onStyles(null) });
  node.addEventListener("dragover", (event) => event.preventDefault());
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer?.files[0]) lookLike(event.dataTransfer.files[0]);
  });
  page.onStyles(paint);
  paint();
  search.focus();

  function lookSoon() {
    clearTimeout(typing);
    typing = setTimeout(look, PAUSE);
  }
  async function look() {
    const words = search.value.trim().toLowerCase();
    const found = await ask("look", { words });
    if (!found) return;
    const says = (style) => [style.name, ...style.words].some((text) => text.toLowerCase().includes(words));
    const literal = words ? page.styles().filter(says).map(({ id }) => id) : [];
    ids = [...new Set([...literal, ...found.ids])];
    said.textContent = "";
    paint();
  }
  /** Show first what looks like a picture. */
  async function lookLike(/** @type {File} */ file) {
    said.textContent = say("Looking at your picture…");
    const found = await ask("resemble", { data: await encodeBase64(file) });
    if (!found) return;
    ids = found.ids;
    search.value = "";
    said.textContent = say("The styles that look most like it come first.");
    paint();
    grid.firstElementChild?.scrollIntoView({ block: "nearest" });
  }
  async function ask(action, data) {
    const mine = ++asked;
    try {
      const found = await page.askLibrary(action, data);
      return mine === asked ? found : null;
    } catch (error) {
      said.textContent = /** @type {Error} */ (error).message;
      return null;
    }
  }
  function paint() {
    const weights = new Map(page.mix());
    const known = [...ids, ...page.styles().map(({ id }) => id).filter((id) => !ids.includes(id))].map(page.findStyle).filter(Boolean);
    grid.replaceChildren(...known.map((style) => buildEntry(style, weights.get(style.id) ?? 0)));
  }
  function buildEntry(style, weight) {
    const button = makeStyleButton(style, weight, ({ shiftKey, ctrlKey, metaKey }) => {
      close();
      (shiftKey || ctrlKey || metaKey ? mixIn : wear)(style.id);
    });
    if (style.words.length) button.title = style.words.join(", ");
    if (style.builtin) return button;
    const makeTool = (icon, label, onclick) => make("button.tool", { type: "button", title: label, "aria-label": label, onclick }, makeIcon(icon));
    return make("div.added", {}, button, make("div.own-tools", {},
      style.mine && !isLent(style.id) ? makeTool("pen", say("Rename {name}", style), () => own.openNames(style.id)) : null,
      makeTool("save", say("Save {name} as a file", style), () => own.save(style.id)),
      style.mine ? makeTool("trash", say("Remove {name}", style), () => own.remove(style.id)) : null));
  }
}
