// What is needed less often, behind one button: view, symmetry, smoothing, the sheet's proportions, the picture beneath.
import { make, makeIcon } from "./dom.js";
import { say } from "./words.js";

// canvas px: multiples of 32, so that the pocket model's picture has the same proportions to the px
const SHEETS = { [say("Square")]: [512, 512], [say("Portrait")]: [480, 640], [say("Landscape")]: [640, 480], [say("Wide")]: [736, 416] };
const AREA = 512 * 512, SHEET_STEP = 32; // canvas px of a sheet with the screen's proportions
const LONGEST = 2.4; // times as long as broad
const SMOOTHING_NAMES = [say("Off"), say("Some"), say("Strong")];

/** More is the button and the panel it opens. */
export class More {
  /**
   * @param {import("./sheet.js").Sheet} sheet
   * @param {{ onSheet: (size: { width: number, height: number }) => void, onClear: () => void, onSettings: () => void }} actions
   */
  constructor(sheet, { onSheet, onClear, onSettings }) {
    this.sheet = sheet;
    this.onSettings = onSettings;
    const sizes = { ...SHEETS, [say("This screen")]: findScreenSheet() };
    this.percent = make("output", { "aria-live": "polite" });
    this.mirror = makeChoice(say("Mirror the view"), "H", "flip", () => sheet.view.mirror());
    this.symmetry = makeChoice(say("Symmetry"), "X", "symmetry", () => this.setSymmetry(!sheet.isSymmetric));
    this.smoothing = SMOOTHING_NAMES.map((name, step) => makeWord(name, () => this.setSmoothing(step)));
    this.sheets = Object.entries(sizes).map(([name, [width, height]]) => makeSheetButton(name, width, height, () => onSheet({ width, height })));
    this.picture = this.#buildPicture();
    this.clear = make("button.word", { type: "button", onclick: () => this.#close(onClear) }, makeIcon("clear"), say("Clear the sheet"));
    this.panel = make("div.more-panel", { popover: "auto", id: "sheet-more", "aria-label": say("More for the sheet"), role: "dialog" },
      makeRow(say("View"), makeSmall("minus", say("Zoom out (-)"), () => sheet.view.zoomBy(0.8)), this.percent, makeSmall("plus", say("Zoom in (+)"), () => sheet.view.zoomBy(1.25)), makeSmall("enlarge", say("Show the whole sheet (0)"), () => sheet.view.fit()), this.mirror),
      makeRow(say("Hand"), this.symmetry, make("span.group", { role: "group", "aria-label": say("Smoothing") }, make("small", {}, say("Smoothing")), ...this.smoothing)),
      makeRow(say("Sheet"), ...this.sheets), this.picture, this.clear);
    this.button = make("button.tool.more", { type: "button", title: say("More: symmetry, smoothing, proportions, picture beneath"), "aria-label": say("More"), "aria-haspopup": "dialog", popovertarget: "sheet-more" }, makeIcon("more"));
    this.panel.addEventListener("toggle", () => this.#place());
    this.panel.addEventListener("keydown", (event) => event.key !== "Escape" && !event.ctrlKey && !event.metaKey && event.stopPropagation());
    document.body.append(this.panel);
    addEventListener("resize", () => this.#place());
  }

  #buildPicture() {
    const change = (changes) => this.sheet.helpers?.picture.change(changes);
    this.opacity = make("input", { type: "range", min: 10, max: 100, step: 5, "aria-label": say("How strong the picture is"),
      oninput: () => this.sheet.helpers?.picture.fade(this.opacity.value / 100), onchange: () => change({ opacity: this.opacity.value / 100 }) });
    this.traced = makeChoice(say("Only to trace"), "", "layers", () => change({ traced: !this.sheet.drawing.now.picture?.traced, strength: null }));
    this.locked = makeChoice(say("Lock"), "", "lock", () => change({ locked: !this.sheet.drawing.now.picture?.locked }));
    this.move = makeChoice(say("Move and size"), "", "hand", () => this.#close(() => this.sheet.helpers?.picture.hold(true)));
    const remove = makeChoice(say("Take it away"), "", "trash", () => this.#close(() => change(null)));
    return makeRow(say("Picture beneath"), this.move, this.locked, this.traced, make("label.group", {}, make("small", {}, say("Faded to strong")), this.opacity), remove);
  }

  setSymmetry(isOn) {
    this.sheet.isSymmetric = isOn;
    this.refresh();
    this.onSettings();
  }

  setSmoothing(step) {
    this.sheet.smoothing = step;
    this.refresh();
    this.onSettings();
  }

  /** Show how things are now. */
  refresh() {
    const { view, drawing, isSymmetric, smoothing } = this.sheet;
    const { width, height, picture } = drawing.now;
    this.percent.textContent = `${Math.round(100 * view.zoom)} %`;
    this.mirror.setAttribute("aria-pressed", view.isMirrored);
    this.symmetry.setAttribute("aria-pressed", isSymmetric);
    this.smoothing.forEach((button, step) => button.setAttribute("aria-pressed", step === smoothing));
    for (const button of this.sheets) button.setAttribute("aria-pressed", button.dataset.sheet === `${width} x ${height}`);
    this.clear.disabled = drawing.isBlank;
    this.picture.hidden = !picture;
    if (!picture) return;
    this.opacity.value = Math.round(100 * picture.opacity);
    this.traced.setAttribute("aria-pressed", picture.traced);
    this.locked.setAttribute("aria-pressed", picture.locked);
    this.move.disabled = picture.locked;
  }

  #close(action) {
    this.panel.hidePopover();
    action();
  }

  /** Lie beside the button where there is room, else above or below it. */
  #place() {
    if (!this.panel.matches(":popover-open")) return;
    this.refresh();
    const box = this.button.getBoundingClientRect(), { offsetWidth, offsetHeight } = this.panel;
    const isBeside = box.right + 8 + offsetWidth < innerWidth - 8 && offsetHeight < innerHeight - 16;
    const left = isBeside ? box.right + 8 : box.right - offsetWidth;
    const top = isBeside ? box.top - 8 : box.top > offsetHeight + 16 ? box.top - offsetHeight - 8 : box.bottom + 8;
    this.panel.style.left = `${Math.max(8, Math.min(left, innerWidth - offsetWidth - 8))}px`;
    this.panel.style.top = `${Math.max(8, Math.min(top, innerHeight - offsetHeight - 8))}px`;
  }
}

/** Return width and height, canvas px, of a sheet with the proportions of this device's screen. */
function findScreenSheet() {
  const ratio = Math.min(LONGEST, Math.max(1 / LONGEST, screen.width / screen.height));
  return [Math.sqrt(AREA * ratio), Math.sqrt(AREA / ratio)].map((side) => SHEET_STEP * Math.round(side / SHEET_STEP));
}

function makeRow(name, ...content) {
  return make("fieldset", {}, make("legend", {}, name), ...content);
}

function makeSmall(icon, label, onclick) {
  return make("button.tool", { type: "button", title: label, "aria-label": label.split("(")[0].trim(), onclick }, makeIcon(icon));
}

/** Make a button that is on or off. */
function makeChoice(label, key, icon, onclick) {
  return make("button.word", { type: "button", title: key ? `${label} (${key})` : label, onclick }, makeIcon(icon), label);
}

function makeWord(label, onclick) {
  return make("button.word", { type: "button", onclick }, label);
}

/** Make the button of a sheet's proportions, with their shape. */
function makeSheetButton(label, width, height, onclick) {
  const shape = make("span.shape", { "aria-hidden": true, style: `--across: ${Math.round((20 * width) / Math.max(width, height))}px; --down: ${Math.round((20 * height) / Math.max(width, height))}px` });
  return make("button.word.proportions", { type: "button", "data-sheet": `${width} x ${height}`, onclick }, shape, label);
}
