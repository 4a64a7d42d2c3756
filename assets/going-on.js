// Go on from a finished picture: near ones, drawing over it, a part of it anew, more around it, larger, a film.
import { openDialog } from "./dialog.js";
import { getContext, loadImage, make, makeIcon } from "./dom.js";
import { MaskBrush } from "./mask-brush.js";
import { makeStartStrength } from "./start-strength.js";
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
  /** @type {{ name: string, icon: string, title: string, what: string, act: () => void, can: boolean }[]} */
  const choices = [
    { name: "variations", icon: "grid", title: say("Four more like it"), what: say("The same drawing, words and style, a little different each."), act: () => page.drawVariations(), can: Boolean(picture.settings) },
    { name: "draw-over", icon: "pen", title: say("Draw over it"), what: say("It lies on the sheet, and your pen goes on from there. Undo brings your drawing back."), act: () => layAsBase(picture, page), can: true },
    { name: "start", icon: "picture", title: say("Start from it"), what: say("It lies under your drawing, and the next picture goes from it as far as strength says."), act: () => startFrom(picture, page), can: true },
    { name: "film", icon: "film", title: say("A film of your drawing"), what: say("Your strokes in their order, beside the pictures that followed them."), act: () => page.openFilm(picture), can: true },
    { name: "repaint", icon: "brush-mask", title: isPocket ? say("Other colours for a part") : say("A part anew"), what: describeRepaint(isPocket), act: () => openRepaint(picture, image, page, trigger, isPocket), can: Boolean(picture.settings) },
    { name: "around", icon: "around", title: say("More around it"), what: isPocket ? say("The small model colours what is drawn: draw more on the sheet.") : say("The picture lies on a larger sheet, and the rest is drawn."), act: () => openAround(picture, page, trigger), can: !isPocket && Boolean(picture.settings) },
    { name: "enlarge", icon: "enlarge", title: say("Make it larger"), what: Math.max(width, height) > LARGEST ? say("It is as large as it gets.") : say("{width} × {height} px, with clear lines.", { width, height }), act: () => trigger("enlarge", beginWith(picture, page, say("Making it larger"))), can: Math.max(width, height) <= LARGEST },
  ];
  const dialog = openDialog(say("Go on from this picture"), make("div.go-on", {}, ...choices.map(({ name, icon, title, what, act, can }) =>
    make("button", { type: "button", "data-way": name, disabled: !can, onclick: () => { dialog.close(); act(); } }, makeIcon(icon), make("span", {}, title, make("small", {}, what))))), { name: "go-on" });
}

/**
 * Open one of the ways on for the picture on the sheet that the next one starts from, "repaint" or "around".
 * @param {string} way
 * @param {any} page
 * @param {(event: string, data: object) => void} trigger
 */
export async function openSheetWay(way, page, trigger) {
  const sheet = page.canvas();
  const picture = { image: sheet.showStart(), canvas: sheet.write(), settings: { ...sheet.settings(), prompt: page.words() } };
  if (way === "around") return openAround(picture, page, trigger);
  openRepaint(picture, await loadImage(picture.image), page, trigger, picture.settings.engine === "pocket");
}

/** Begin a run, and return what an event tells of the picture that it is about: its address, or the sheet it lies on. */
function beginWith({ image, canvas, settings }, page, doing) {
  return { ticket: page.beginWork(doing, canvas), settings, ...(canvas ? { canvas } : { image }) };
}

/** Say what is done with a part of a picture. */
function describeRepaint(isPocket) {
  return isPocket ? say("Brush the part and say what it becomes: “blue”, “a red roof”. All the rest stays.") : say("Brush the part; it is drawn again, as your words say. All the rest stays.");
}

/** Open the dialog in which a part of the picture is brushed: it gets other colours, or is drawn anew. */
function openRepaint(picture, image, page, trigger, isPocket) {
  const [title, act, doing] = isPocket ? [say("Other colours for a part"), say("Colour it"), say("Colouring it")] : [say("A part anew"), say("Draw it"), say("Drawing the part")];
  const words = makeWords(isPocket ? say("blue, a red roof, a lemon …") : say("a red roof, a lemon tree …"), say("What the part becomes"), () => refresh());
  const go = make("button.go", { type: "submit" }, act);
  const strength = isPocket ? null : makeStartStrength(1);
  const brush = new MaskBrush(picture.image, image.naturalWidth, image.naturalHeight, { onChange: () => refresh() });
  const refresh = () => (go.disabled = brush.isEmpty || (isPocket && !words.value.trim()));
  const form = makeForm(strength ? [words, strength.node, go] : [words, go], go, () => {
    const mask = brush.toDataURL();
    dialog.close();
    trigger("repaint", { ...beginWith(picture, page, doing), mask, words: words.value, ...(strength && { strength: strength.read() }) });
  });
  refresh();
  const dialog = openDialog(title, make("div.repaint", {}, makeHint(describeRepaint(isPocket)), brush.node, form), { name: "repaint" });
}

/** Open the dialog that says on which sides there is to be more of the picture. */
function openAround(picture, page, trigger) {
  const words = makeWords(say("hills, a night sky …"), say("What lies around it"), () => {});
  const go = make("button.go", { type: "submit" }, say("Draw it"));
  const sides = { left: say("Left"), right: say("Right"), above: say("Above"), below: say("Below") };
  const chosen = new Set(["left", "right"]);
  const told = make("p.hint.grown", { role: "status" });
  const refresh = () => {
    const grown = picture.room && measureGrown(picture.room, chosen); // one kept by an earlier version has none
    told.textContent = !chosen.size ? say("Choose a side.") : grown ? describeGrown(grown) : "";
    told.classList.toggle("too-large", Boolean(grown?.isTooLarge));
    go.disabled = !chosen.size || Boolean(grown?.isTooLarge);
  };
  const buttons = Object.entries(sides).map(([side, title]) => {
    const button = make("button.side", { type: "button", "aria-pressed": String(chosen.has(side)), "data-side": side, onclick: () => {
      if (!chosen.delete(side)) chosen.add(side);
      button.setAttribute("aria-pressed", String(chosen.has(side)));
      refresh();
    } }, title);
    return button;
  });
  const sheet = make("div.around", { role: "group", "aria-label": say("More on these sides") }, ...buttons, make("img", { src: picture.image, alt: "" }));
  const form = makeForm([words, go], go, () => {
    dialog.close();
    const wanted = Object.fromEntries(Object.keys(sides).map((side) => [side, chosen.has(side)]));
    trigger("outpaint", { ...beginWith(picture, page, say("Drawing around it")), ...wanted, words: words.value });
  });
  refresh();
  const dialog = openDialog(say("More around it"), make("div.repaint", {}, makeHint(say("The picture lies on a larger sheet, and the rest is drawn.")), sheet, told, form), { name: "around" });
}

/**
 * Measure a picture with more of it on these sides.
 * @param {{ width: number, height: number, across: number, down: number, largest: number, parts_from: number }} room of the picture, px
 * @param {Set<string>} sides
 */
function measureGrown({ width, height, across, down, largest, parts_from: partsFrom }, sides) {
  const count = (...names) => names.filter((name) => sides.has(name)).length;
  const grown = { width: width + across * count("left", "right"), height: height + down * count("above", "below") };
  const longer = Math.max(grown.width, grown.height);
  return { ...grown, largest, isTooLarge: longer > largest, isInParts: longer > partsFrom };
}

/** Say how large a picture gets, before it is drawn. */
function describeGrown({ width, height, largest, isTooLarge, isInParts }) {
  if (isTooLarge) return say("{width} × {height} px is too large: at most {largest} px a side can be drawn.", { width, height, largest });
  if (isInParts) return say("{width} × {height} px. It is drawn in parts, which takes longer.", { width, height });
  return say("{width} × {height} px", { width, height });
}

function makeHint(words) {
  return make("p.hint", {}, words);
}

/** Make a field for a few words. */
function makeWords(placeholder, label, oninput) {
  return make("input", { type: "text", maxlength: 200, placeholder, "aria-label": label, oninput });
}

/** Make a form that does something unless its button is disabled. */
function makeForm(content, go, act) {
  return make("form", { onsubmit: (event) => {
    event.preventDefault();
    if (!go.disabled) act();
  } }, ...content);
}

/** Lay the picture on the sheet, to draw over it. */
async function layAsBase(picture, page) {
  page.placePicture(await encodeSmall(picture));
}

/** Lay the picture under the drawing, for the next one to start from. */
async function startFrom(picture, page) {
  page.canvas().startFrom(await encodeSmall(picture));
}

/** Return the picture as the data URL of a PNG, as large as it is drawn over. */
async function encodeSmall({ image }) {
  const source = await loadImage(image);
  const scale = Math.min(1, BASE_SIDE / Math.max(source.naturalWidth, source.naturalHeight));
  const sheet = make("canvas", { width: Math.round(source.naturalWidth * scale), height: Math.round(source.naturalHeight * scale) });
  const context = getContext(sheet);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, sheet.width, sheet.height);
  return sheet.toDataURL("image/png");
}
