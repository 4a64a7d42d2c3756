// Save and share: every way in which a picture and its drawing leave the page, in one dialog.
import { openDialog } from "./dialog.js";
import { describeProblem, make, makeIcon } from "./dom.js";
import { fetchForm, fetchPicture, makeCard, makeDrawing, makeSvg } from "./files-made.js";
import { addMenuItem } from "./menu.js";
import { showMessage } from "./messages.js";
import { addPictureAction } from "./picture.js";
import { hasHost, openReport } from "./report.js";
import { say } from "./words.js";

const NAME = "croquis"; // of files whose picture has no name

/**
 * What there is to save: the finished picture, the drawing it was made from, what is on the sheet now, the words.
 * `makeFirst` makes the picture where the one that is shown only follows the pen.
 * @typedef {{ picture: { image: string, name: string } | null, makeFirst: (() => void) | null, pictured: string, drawing: string, isBlank: boolean, words: string }} Made
 */
/** @typedef {{ name: string, icon: string, title: string, what: string, act: () => Promise<unknown> | void, can: boolean }} Way */

/**
 * Offer the dialog on the picture's corner and in the menu, and the project in the menu too.
 * @param {() => Made} listMade
 */
export function offerSaving(listMade) {
  const open = () => openSaving(listMade());
  addPictureAction({ name: "share", icon: "share", label: say("Save and share"), order: 30, onclick: open });
  addMenuItem({ name: "save", icon: "share", label: say("Save and share"), order: 12, onclick: open });
  addMenuItem({ name: "project", icon: "save", label: say("Save project"), order: 10, onclick: () => saveProject(listMade()) });
}

/** Save the project without a dialog; a message says where there is none yet. */
async function saveProject(made) {
  const way = listWays(made).find(({ name }) => name === "project");
  try {
    if (way?.can) await way.act();
    else showMessage(say("There is nothing to save yet: draw something first."));
  } catch (problem) {
    showMessage(describeProblem(problem), "alert");
  }
}

/**
 * Open the dialog. What cannot be done here, such as sharing on most desktops, is left out.
 * @param {Made} made
 */
function openSaving(made) {
  const said = make("p.problem", { role: "alert" });
  const list = make("div.ways", {}, ...listWays(made).filter(({ can }) => can).map((way) => buildWay(way, said, () => dialog.close())));
  const first = made.makeFirst && make("p.make-first-line", {}, say("The picture that follows your pen is no file yet."), " ",
    make("button.link.make-first", { type: "button", onclick: () => { dialog.close(); made.makeFirst?.(); } }, say("Make the picture")));
  const dialog = openDialog(say("Save and share"), [first, said, list].filter((part) => part != null), { name: "saving" });
}

/** Build the button of one way; the dialog closes once it is done, and says why where it fails. */
function buildWay({ name, icon, title, what, act }, said, close) {
  const button = make("button.way-out", { type: "button", "data-way": name, onclick: async () => {
    said.textContent = "";
    button.setAttribute("aria-busy", "true");
    try {
      await act();
      close();
    } catch (problem) {
      if (!(problem instanceof DOMException && problem.name === "AbortError")) said.textContent = describeProblem(problem);
    } finally {
      button.removeAttribute("aria-busy");
    }
  } }, makeIcon(icon), make("span", {}, title, make("small", {}, what)));
  return button;
}

/**
 * List every way, the usual ones first.
 * @param {Made} made
 * @returns {Way[]}
 */
function listWays({ picture, pictured, drawing, isBlank, words }) {
  const has = Boolean(picture), image = picture?.image ?? "", stem = (picture?.name ?? NAME).replace(/\.png$/i, "");
  const keep = async (making, ending, part = "") => download(await making, `${stem}${part && `-${part}`}.${ending}`);
  return [
    { name: "share", icon: "share", title: say("Share"), what: say("Send the picture with another app."), can: has && canShare(), act: () => share(image, `${stem}.png`) },
    { name: "png", icon: "save", title: say("Picture"), what: say("A PNG. Dropped here again, it is the drawing, the words and the style."), can: has, act: () => keep(fetchPicture(image), "png") },
    { name: "project", icon: "layers", title: say("Project"), what: say("The same file under a name of its own, to go on later."), can: has || !isBlank, act: () => keep(has ? fetchPicture(image) : makeDrawing(drawing), "croquis") },
    { name: "copy", icon: "copy", title: say("Copy"), what: say("Put the picture on the clipboard."), can: has && canCopy(), act: () => copy(image) },
    { name: "print", icon: "print", title: say("Print"), what: say("The picture alone, as large as the sheet."), can: has, act: () => { setTimeout(print, 50); } },
    { name: "card", icon: "compare", title: say("Card"), what: say("Drawing and picture side by side, with your words."), can: has, act: () => keep(makeCard(pictured, image, words), "png", "card") },
    { name: "sticker", icon: "star", title: say("Sticker"), what: say("What you drew, cut out, on nothing."), can: has, act: () => keep(fetchForm("sticker", image), "png", "sticker") },
    { name: "drawing", icon: "pen", title: say("Drawing"), what: say("What is on the sheet, as a PNG."), can: !isBlank, act: () => keep(makeDrawing(drawing), "png", "drawing") },
    { name: "svg", icon: "pen", title: say("Ink as SVG"), what: say("Lines and colours as shapes, for vector programs and cutters."), can: !isBlank, act: () => keep(makeSvg(drawing), "svg", "ink") },
    { name: "openraster", icon: "layers", title: say("Layers"), what: say("Picture, colours and ink as OpenRaster, for Krita, GIMP and MyPaint."), can: has, act: () => keep(fetchForm("openraster", image), "ora") },
    { name: "report", icon: "flag", title: say("Report this picture"), what: say("Tell whoever runs this Croquis what is wrong with it."), can: has && hasHost(), act: () => openReport(image) },
  ];
}

/** Give a file to the person under a name. */
function download(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const canCopy = () => Boolean(navigator.clipboard?.write) && typeof ClipboardItem === "function"; // not over plain http

/** Put a picture on the clipboard; the promise is handed over whole, since Safari asks for it within the click. */
async function copy(image) {
  await navigator.clipboard.write([new ClipboardItem({ "image/png": fetchPicture(image) })]);
}

function canShare() {
  return Boolean(navigator.canShare?.({ files: [new File([""], NAME, { type: "image/png" })] }));
}

async function share(image, name) {
  await navigator.share({ files: [new File([await fetchPicture(image)], name, { type: "image/png" })] });
}
