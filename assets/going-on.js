// Go on from a finished picture: near ones, drawing over it, other colours in a part of it, larger, a film.
import { openDialog } from "./dialog.js";
import { getContext, make, makeIcon } from "./dom.js";
import { say } from "./words.js";

const BASE_SIDE = 1024; // px, the longer side of a picture that is drawn over

/**
 * Open the list of what can be made of a picture.
 * @param {any} picture the picture's value
 * @param {any} page
 * @param {(event: string, data: object) => void} trigger
 */
export function openGoOn(picture, page, trigger) {
  /** @type {{ icon: string, title: string, what: string, act: () => void, can: boolean }[]} */
  const choices = [
    { icon: "grid", title: say("Four more like it"), what: say("The same drawing, words and style, a little different each."), act: () => page.drawVariations(), can: Boolean(picture.settings) },
    { icon: "pen", title: say("Draw over it"), what: say("It lies on the sheet, and your pen goes on from there. Undo brings your drawing back."), act: () => layAsBase(picture, page), can: true },
  ];
  const dialog = openDialog(say("Go on from this picture"), make("div.go-on", {}, ...choices.filter(({ can }) => can).map(({ icon, title, what, act }) =>
    make("button", { type: "button", onclick: () => { dialog.close(); act(); } }, makeIcon(icon), make("span", {}, title, make("small", {}, what))))), { name: "go-on" });
}

/** Lay the picture on the sheet, to draw over it. */
async function layAsBase({ image }, page) {
  const source = make("img", { src: image });
  await source.decode();
  const scale = Math.min(1, BASE_SIDE / Math.max(source.naturalWidth, source.naturalHeight));
  const sheet = make("canvas", { width: Math.round(source.naturalWidth * scale), height: Math.round(source.naturalHeight * scale) });
  const context = getContext(sheet);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, sheet.width, sheet.height);
  page.placePicture(sheet.toDataURL("image/png"));
}
