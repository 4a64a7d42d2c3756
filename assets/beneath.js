// What the picture under the drawing is for, on the sheet's corner: part of the drawing, traced only, or what the next
// picture starts from, and how far it goes from that.
import { getContext, loadImage, make, makeIcon } from "./dom.js";
import { showMessage } from "./messages.js";
import { makeStartStrength } from "./start-strength.js";
import { say } from "./words.js";

export const STRENGTH = 0.75; // of a picture that is to be started from, until somebody says otherwise
const AREA = 512 * 512, SHEET_STEP = 32, LONGEST = 2.4; // canvas px of a sheet with a picture's proportions
const MOST_CUT = 1.06; // a picture that is longer than its sheet by no more covers it
const SEEN_SIDE = 1024; // px of what is shown where a part of it is brushed

/** What a picture under the drawing can be for, and what that makes of it. */
const PURPOSES = {
  draw: { icon: "pen", title: say("Draw over it"), what: say("It is part of your drawing."), changes: { traced: false, strength: null } },
  trace: { icon: "layers", title: say("Only to trace"), what: say("It helps your hand and is in no picture."), changes: { traced: true, strength: null } },
  start: { icon: "picture", title: say("Start from it"), what: say("The picture begins with its shapes and colours, and your pen's lines lead it."), changes: { traced: false, strength: STRENGTH } },
};

const OF_POCKET = say("The small model keeps the picture's lines, and of its colours what strength leaves: it paints nothing new from it, and nothing around it.");

/** Beneath shows the picture under the drawing small, and changes what it is for. */
export class Beneath {
  #isOpen = false;
  #engine = "";

  /**
   * @param {import("./sheet.js").Sheet} sheet
   * @param {{ onChange: () => void, onWay: (way: string) => void }} actions
   */
  constructor(sheet, { onChange, onWay }) {
    this.sheet = sheet;
    this.drawing = sheet.drawing;
    this.onChange = onChange;
    this.onWay = onWay;
    this.image = make("img", { alt: "" });
    this.thumb = make("button.thumb", { type: "button", title: say("What this picture is for"), "aria-label": say("What this picture is for"), "aria-expanded": "false", onclick: () => this.open(!this.#isOpen) }, this.image, makeIcon("more"));
    this.strength = makeStartStrength(STRENGTH, (strength) => this.#change({ strength }));
    this.away = make("button.away", { type: "button", title: say("Take it away"), "aria-label": say("Take it away"), onclick: () => this.#change(null) }, makeIcon("close"));
    this.purposes = Object.entries(PURPOSES).map(([name, { icon, title, what }]) => make("button.word", { type: "button", "data-purpose": name, title: what, onclick: () => this.#choose(name) }, makeIcon(icon), title));
    this.told = make("p");
    this.part = make("span", {});
    this.around = make("button.word", { type: "button", "data-way": "around", onclick: () => this.#go("around") }, makeIcon("around"), say("More around it"));
    this.ways = make("div.ways", {}, make("button.word", { type: "button", "data-way": "repaint", onclick: () => this.#go("repaint") }, makeIcon("brush-mask"), this.part), this.around);
    this.choice = make("div.under-choice", { hidden: true }, make("div.purposes", { role: "group", "aria-label": say("What this picture is for") }, ...this.purposes), this.told, this.ways);
    this.node = make("div.under-chip", { hidden: true, onkeydown: (event) => this.#pressKey(event) }, make("div.line", {}, this.thumb, this.strength.node, this.away), this.choice);
    this.node.addEventListener("pointerdown", (event) => /** @type {HTMLElement} */ (event.target).closest("button, label") && event.stopPropagation()); // beside them the hand draws
    sheet.node.addEventListener("pointerdown", () => this.open(false));
    sheet.node.append(this.node);
  }

  /** Show or hide what the picture can be for. */
  open(isOpen) {
    this.#isOpen = isOpen;
    this.refresh();
  }

  /** Follow the engine that draws: what it can do with a picture. */
  noteEngine(engine) {
    this.#engine = engine;
    this.refresh();
  }

  /** Show how things are now. */
  refresh() {
    const { picture } = this.drawing.now;
    this.node.hidden = !picture;
    if (!picture) this.#isOpen = false;
    this.choice.hidden = !this.#isOpen;
    this.thumb.setAttribute("aria-expanded", String(this.#isOpen));
    if (!picture) return;
    const purpose = findPurpose(picture), isStart = purpose === "start", isPocket = this.#engine === "pocket";
    if (this.image.getAttribute("src") !== picture.source) this.image.src = picture.source;
    for (const button of this.purposes) button.setAttribute("aria-pressed", String(button.dataset.purpose === purpose));
    this.strength.node.hidden = !isStart;
    this.ways.hidden = !isStart;
    this.around.hidden = isPocket;
    this.part.textContent = isPocket ? say("Other colours for a part") : say("A part anew");
    this.told.textContent = isStart && isPocket ? OF_POCKET : PURPOSES[purpose].what;
    if (isStart) this.strength.show(picture.strength);
  }

  /** Go one of the ways on; the sheet is free again when its dialog closes. */
  #go(way) {
    this.open(false);
    this.thumb.focus();
    this.onWay(way);
  }

  #choose(name) {
    const { picture } = this.drawing.now;
    this.open(false); // the sheet is free for the hand again
    this.thumb.focus();
    if (!picture || findPurpose(picture) === name) return;
    if (name !== "start") return this.#change(PURPOSES[name].changes);
    layStart(this.drawing, picture.source, STRENGTH, picture.place).then(() => this.onChange());
    if (this.#engine === "pocket") showMessage(OF_POCKET);
  }

  #change(changes) {
    this.drawing.changePicture(changes);
    this.onChange();
  }

  #pressKey(event) {
    if (event.key === "Escape" && this.#isOpen) {
      this.open(false);
      this.thumb.focus();
    } else if (!event.target.matches("input")) return;
    event.stopPropagation();
  }
}

/** Return what a picture under the drawing is for. */
function findPurpose({ traced, strength }) {
  if (strength != null) return "start";
  return traced ? "trace" : "draw";
}

/**
 * Lay a picture under the strokes for the next one to start from. A sheet on which nothing is drawn takes its
 * proportions; on another one it lies at `place`, or whole in the middle.
 * @param {import("./drawing.js").Drawing} drawing
 * @param {string} source a data URL
 * @param {number} strength
 * @param {number[] | null} [place]
 */
export async function layStart(drawing, source, strength, place = null) {
  const { naturalWidth, naturalHeight } = await loadImage(source);
  const { width, height, strokes } = drawing.now;
  const size = strokes.length || place ? { width, height } : findSheet(naturalWidth / naturalHeight);
  drawing.startFrom(source, { strength, place: place ?? findPlace(naturalWidth / naturalHeight, size) }, size);
}

/** Return a sheet's size, canvas px, with proportions near those of a picture, `ratio` times as broad as high. */
function findSheet(ratio) {
  const kept = Math.min(LONGEST, Math.max(1 / LONGEST, ratio));
  const [width, height] = [Math.sqrt(AREA * kept), Math.sqrt(AREA / kept)].map((side) => SHEET_STEP * Math.round(side / SHEET_STEP));
  return { width, height };
}

/** Return where a picture covers a sheet of nearly its proportions; null for whole in the middle of another one. */
function findPlace(ratio, { width, height }) {
  const [across, down] = ratio > width / height ? [height * ratio, height] : [width, width / ratio];
  return Math.max(across / width, down / height) > MOST_CUT ? null : [(width - across) / 2, (height - down) / 2, across, down].map((part) => Math.round(10 * part) / 10);
}

/**
 * Return the picture to start from as it lies on the sheet, with the colours painted over it, as a data URL.
 * @param {import("./sheet.js").Sheet} sheet
 */
export function showStart({ bitmaps, drawing }) {
  const { width, height } = drawing.now, scale = SEEN_SIDE / Math.max(width, height);
  const shown = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  const context = getContext(shown);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, shown.width, shown.height);
  for (const layer of [bitmaps.under, bitmaps.colours]) context.drawImage(layer, 0, 0, shown.width, shown.height);
  return shown.toDataURL("image/jpeg", 0.9);
}
