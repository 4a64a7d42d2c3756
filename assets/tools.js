// The tools beside the sheet and the colours under it.
import { INK } from "./drawing.js";
import { make, makeIcon } from "./dom.js";
import { addAction } from "./header.js";
import { showMessage } from "./messages.js";
import { say } from "./words.js";

const COLORS = [
  [INK, "Black"], ["#d9452f", "Red"], ["#f08a2c", "Orange"], ["#f7cf46", "Yellow"],
  ["#a3c94b", "Light green"], ["#3f8f52", "Green"], ["#84c9ea", "Light blue"], ["#2f6fc4", "Blue"],
  ["#7d52a8", "Purple"], ["#f093b4", "Pink"], ["#8a5a36", "Brown"], ["#f3c9a5", "Skin"],
];
const KEPT_COLORS = 4; // recent ones that are none of COLORS
const PAINTING = ["pen", "marker", "fill"]; // what has a colour

/** Tools is the rail of tools, undo, redo, clear and a picture to draw over, and the bar of colours and width. */
export class Tools {
  #painting = "pen"; // the tool that a chosen colour goes to
  #recent = [];
  /** @type {HTMLElement[]} */
  swatches = [];

  constructor(drawing, sheet, { onChange, onClear, onFile }) {
    this.drawing = drawing;
    this.sheet = sheet;
    const makeAction = (name) => () => { drawing[name](); onChange(); };
    this.undo = makeAction("undo");
    this.redo = makeAction("redo");
    this.tools = {
      pen: makeToolButton("pen", "Pen (B): lines", () => this.chooseTool("pen")),
      marker: makeToolButton("marker", "Marker (M): broad colour under the lines", () => this.chooseTool("marker")),
      fill: makeToolButton("fill", "Fill (F): colour up to the lines; small gaps are closed", () => this.chooseTool("fill")),
      eraser: makeToolButton("eraser", "Eraser (E)", () => this.chooseTool("eraser")),
      dropper: makeToolButton("dropper", "Pick a colour (I) from the sheet", () => this.chooseTool("dropper")),
    };
    this.undoButton = addAction({ name: "undo", icon: "undo", label: say("Undo (Ctrl+Z)"), order: 10, onclick: this.undo });
    this.redoButton = addAction({ name: "redo", icon: "redo", label: say("Redo (Ctrl+Shift+Z)"), order: 20, onclick: this.redo });
    this.clearButton = makeToolButton("clear", "Clear the sheet", onClear);
    this.rail = make("div.rail", { role: "toolbar", "aria-label": "Drawing tools" }, ...Object.values(this.tools), this.clearButton);
    addFileChooser(onFile);
    this.bar = make("div.bar", { role: "group", "aria-label": "Colours and width. Your colours count: what you paint keeps its colour." },
      this.#buildPalette(), this.#buildWidth());
    this.chooseTool("pen");
  }

  #buildPalette() {
    this.swatches = COLORS.map(([color, name]) => makeSwatch(color, name, () => this.takeColor(color)));
    this.recent = make("span.recent");
    this.picker = make("input", { type: "color", "aria-label": "Another colour", title: "Another colour", onchange: () => this.takeColor(this.picker.value) });
    return make("div.palette", {}, ...this.swatches, make("span.swatch.other", {}, this.picker), this.recent);
  }

  #buildWidth() {
    this.size = make("input", { type: "range", min: 2, max: 72, step: 1, "aria-label": "Width", title: "Width  [ ]", oninput: () => this.changeSize(0) });
    this.dot = make("span.dot", { "aria-hidden": true });
    this.width = make("span.width", {}, this.dot, this.size);
    return this.width;
  }

  chooseTool(name) {
    this.sheet.tool = name;
    if (PAINTING.includes(name)) this.#painting = name;
    for (const [each, button] of Object.entries(this.tools)) button.setAttribute("aria-pressed", each === name);
    this.width.classList.toggle("unused", !(name in this.sheet.sizes));
    this.size.value = this.sheet.sizes[name] ?? this.size.value;
    this.changeSize(0);
    this.#showColor();
  }

  /** Paint with a colour from now on, "#rrggbb": the pen has its own, marker and bucket share one. */
  takeColor(color) {
    const tools = this.#painting === "pen" ? ["pen"] : ["marker", "fill"];
    for (const tool of tools) this.sheet.colors[tool] = color;
    if (!COLORS.some(([known]) => known === color)) this.#recent = [color, ...this.#recent.filter((one) => one !== color)].slice(0, KEPT_COLORS);
    this.chooseTool(this.#painting);
  }

  #showColor() {
    const color = this.sheet.colors[this.#painting];
    this.recent.replaceChildren(...this.#recent.map((one) => makeSwatch(one, `Recent colour ${one}`, () => this.takeColor(one))));
    for (const swatch of [...this.swatches, ...this.recent.children]) swatch.setAttribute("aria-pressed", swatch.dataset.color === color);
    this.picker.value = color;
    this.dot.style.setProperty("--color", this.sheet.tool === "eraser" ? "#ffffff" : color);
  }

  changeSize(by) {
    if (!(this.sheet.tool in this.sheet.sizes)) return;
    this.size.value = Number(this.size.value) + by;
    this.sheet.sizes[this.sheet.tool] = Number(this.size.value);
    this.dot.style.setProperty("--dot", `${Math.min(26, Math.max(3, Number(this.size.value) / 2))}px`);
  }

  refresh(message) {
    this.undoButton.disabled = !this.drawing.canUndo;
    this.redoButton.disabled = !this.drawing.canRedo;
    this.clearButton.disabled = this.drawing.isBlank;
    if (message) showMessage(message, "alert");
  }

  /** Do what a plain key of the tools does; return true when the key was one of them. */
  pressKey = (name) => {
    const tool = { b: "pen", m: "marker", f: "fill", e: "eraser", i: "dropper" }[name];
    const by = { "[": -2, "]": 2 }[name];
    if (tool) this.chooseTool(tool);
    if (by) this.changeSize(by);
    return Boolean(tool || by);
  };
}

/** Make a tool's button; its label is the title up to the key in brackets. */
function makeToolButton(name, title, onclick) {
  return make(`button.tool.${name}`, { type: "button", title, "aria-label": title.split(/[(:]/)[0].trim(), onclick }, makeIcon(name));
}

/** Make the button of one colour. */
function makeSwatch(color, name, onclick) {
  return make("button.swatch", { type: "button", title: name, "aria-label": name, "data-color": color, style: `--color: ${color}`, onclick });
}

/** Put the button that asks for a picture to draw over into the header. */
function addFileChooser(onFile) {
  const chooser = make("input", { type: "file", accept: "image/*,.heic,.heif,.croquis", hidden: true, "aria-label": "Picture file", onchange: () => {
    if (chooser.files[0]) onFile(chooser.files[0]);
    chooser.value = "";
  } });
  document.body.append(chooser);
  addAction({ name: "picture", icon: "picture", label: say("Draw over a picture: choose, drop or paste one"), order: 30, onclick: () => chooser.click() });
}
