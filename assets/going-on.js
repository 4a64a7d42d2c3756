// Go on from a finished picture: near ones, drawing over it, other colours in a part of it, larger, a film.
import { openDialog } from "./dialog.js";
import { getContext, loadImage, make, makeIcon } from "./dom.js";
import { MaskBrush } from "./mask-brush.js";
import { say } from "./words.js";

const LARGEST = 2048; // px, the longer side of a picture that was enlarged
const BASE_SIDE = 1024; // px, the longer side of a picture that is drawn over

/**
 * Open the list of what can be made of a picture.
 * @param {any} picture the picture's value
 * @param {any} page
 * @param {(event: string, data: object) => void} trigger
 */
export async function openGoOn(picture, page, trigger) {
  const image = await loadImage(picture.image);
  const [width, height] = [2 * image.naturalWidth, 2 * image.naturalHeight];
  const isPocket = picture.settings?.engine === "pocket";
  /** @type {{ icon: string, title: string, what: string, act: () => void, can: boolean }[]} */
  const choices = [
    { icon: "grid", title: say("Four more like it"), what: say("The same drawing, words and style, a little different each."), act: () => page.drawVariations(), can: Boolean(picture.settings) },
    { icon: "pen", title: say("Draw over it"), what: say("It lies on the sheet, and your pen goes on from there. Undo brings your drawing back."), act: () => layAsBase(picture, page), can: true },
    { icon: "film", title: say("A film of your drawing"), what: say("Your strokes in their order, beside the pictures that followed them."), act: () => page.openFilm(picture), can: true },
    { icon: "brush-mask", title: say("Other colours for a part"), what: isPocket ? say("Brush the part and say what it becomes: “blue”, “a red roof”. All the rest stays.") : say("Stable Diffusion cannot repaint a part yet."), act: () => openRepaint(picture, image, page, trigger), can: isPocket },
    { icon: "enlarge", title: say("Make it larger"), what: Math.max(width, height) > LARGEST ? say("It is as large as it gets.") : say("{width} × {height} px, with clear lines.", { width, height }), act: () => trigger("enlarge", { ticket: page.beginWork(say("Making it larger")), image: picture.image, settings: picture.settings }), can: Math.max(width, height) <= LARGEST },
  ];
  const dialog = openDialog(say("Go on from this picture"), make("div.go-on", {}, ...choices.map(({ icon, title, what, act, can }) =>
    make("button", { type: "button", disabled: !can, onclick: () => { dialog.close(); act(); } }, makeIcon(icon), make("span", {}, title, make("small", {}, what))))), { name: "go-on" });
}

/** Open the dialog in which a part of the picture is brushed and gets other colours. */
function openRepaint(picture, image, page, trigger) {
  const words = make("input", { type: "text", maxlength: 200, placeholder: say("blue, a red roof, a lemon …"), "aria-label": say("What the part becomes"), oninput: () => refresh() });
  const go = make("button.go", { type: "submit" }, say("Colour it"));
  const brush = new MaskBrush(picture.image, image.naturalWidth, image.naturalHeight, { onChange: () => refresh() });
  const form = make("form", { onsubmit: (event) => {
    event.preventDefault();
    if (go.disabled) return;
    const mask = brush.toDataURL();
    dialog.close();
    trigger("repaint", { ticket: page.beginWork(say("Colouring it")), image: picture.image, mask, words: words.value, settings: picture.settings });
  } }, words, go);
  const refresh = () => (go.disabled = brush.isEmpty || !words.value.trim());
  refresh();
  const dialog = openDialog(say("Other colours for a part"), make("div.repaint", {}, brush.node, form), { name: "repaint" });
}

/** Lay the picture on the sheet, to draw over it. */
async function layAsBase({ image }, page) {
  const source = await loadImage(image);
  const scale = Math.min(1, BASE_SIDE / Math.max(source.naturalWidth, source.naturalHeight));
  const sheet = make("canvas", { width: Math.round(source.naturalWidth * scale), height: Math.round(source.naturalHeight * scale) });
  const context = getContext(sheet);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, sheet.width, sheet.height);
  page.placePicture(sheet.toDataURL("image/png"));
}
