// The tools beside the sheet, and what the plain keys do.
import { make, makeIcon } from "./dom.js";
import { addAction } from "./header.js";
import { showMessage } from "./messages.js";
import { More } from "./more.js";
import { Palette } from "./palette.js";
import { say } from "./words.js";

const PAINTING = ["pen", "marker", "fill"]; // what has a colour
const KEYS = { b: "pen", m: "marker", f: "fill", e: "eraser", i: "dropper", s: "select" };

/** Tools is the rail of tools, the palette under the sheet, and Undo and Redo in the header. */
export class Tools {
  #painting = "pen"; // the tool that a chosen colour goes to

  /**
   * @param {import("./drawing.js").Drawing} drawing
   * @param {import("./sheet.js").Sheet} sheet
   */
  constructor(drawing, sheet, { onChange, onClear, onFile, onSheet }) {
    this.drawing = drawing;
    this.sheet = sheet;
    const makeAction = (name) => () => { drawing[name](); onChange(); };
    this.undo = makeAction("undo");
    this.redo = makeAction("redo");
    const makeTool = (name, title) => makeToolButton(name, name, title, () => this.chooseTool(name));
    this.tools = {
      pen: makeTool("pen", say("Pen (B): lines")),
      marker: makeTool("marker", say("Marker (M): broad colour under the lines")),
      fill: makeTool("fill", say("Fill (F): colour up to the lines; small gaps are closed")),
      eraser: makeTool("eraser", say("Eraser (E)")),
      select: makeTool("select", say("Select (S): draw a loop around strokes, or tap one")),
    };
    this.undoButton = addAction({ name: "undo", icon: "undo", label: say("Undo (Ctrl+Z)"), order: 10, onclick: this.undo });
    this.redoButton = addAction({ name: "redo", icon: "redo", label: say("Redo (Ctrl+Shift+Z)"), order: 20, onclick: this.redo });
    this.fit = makeToolButton("fit", "enlarge", say("Show the whole sheet (0)"), () => sheet.view.fit());
    this.more = new More(sheet, { onSheet, onClear, onSettings: () => this.#showSettings() });
    this.rail = make("div.rail", { role: "toolbar", "aria-label": say("Drawing tools") }, ...Object.values(this.tools), this.fit, this.more.button);
    addFileChooser(onFile);
    this.palette = new Palette({ onColor: (color) => this.takeColor(color), onSize: (size) => this.#takeSize(size), onPick: () => this.chooseTool("dropper") });
    this.chooseTool("pen");
  }

  chooseTool(name) {
    this.sheet.tool = name;
    if (PAINTING.includes(name)) this.#painting = name;
    for (const [each, button] of Object.entries(this.tools)) button.setAttribute("aria-pressed", each === name);
    this.sheet.helpers?.picture.hold(false);
    if (name !== "select") this.sheet.helpers?.selection.clear();
    this.sheet.node.dataset.tool = name;
    this.#showPalette();
  }

  /** Paint with a colour from now on, "#rrggbb": the pen has its own, marker and bucket share one. */
  takeColor(color) {
    const tools = this.#painting === "pen" ? ["pen"] : ["marker", "fill"];
    for (const tool of tools) this.sheet.colors[tool] = color;
    this.palette.keepColor(color);
    this.chooseTool(this.#painting);
  }

  #takeSize(size) {
    this.sheet.sizes[this.sheet.tool] = size;
    this.sheet.changeBrush();
    this.#showPalette();
  }

  #showPalette() {
    const { tool, sizes, colors } = this.sheet;
    this.palette.show({ color: colors[this.#painting], size: sizes[tool], isEraser: tool === "eraser", isPicking: tool === "dropper" });
  }

  #showSettings() {
    this.more.button.classList.toggle("on", this.sheet.isSymmetric || this.sheet.view.isMirrored || this.sheet.smoothing > 0);
    this.sheet.repaint();
  }

  refresh(message) {
    this.undoButton.disabled = !this.drawing.canUndo;
    this.redoButton.disabled = !this.drawing.canRedo;
    this.more.refresh();
    if (message) showMessage(message, "alert");
  }

  /** Do what a plain key of the tools does; return true when the key was one of them. */
  pressKey = (name) => {
    const { view } = this.sheet;
    const by = { "[": -2, "]": 2 }[name];
    const action = { 0: () => view.fit(), "+": () => view.zoomBy(1.25), "-": () => view.zoomBy(0.8), h: () => view.mirror(), x: () => this.more.setSymmetry(!this.sheet.isSymmetric) }[name];
    if (KEYS[name]) this.chooseTool(KEYS[name]);
    if (by) this.palette.changeSize(by);
    action?.();
    return Boolean(KEYS[name] || by || action);
  };
}

/** Make a tool's button; its label is the title up to the key in brackets. */
export function makeToolButton(name, icon, title, onclick) {
  return make(`button.tool.${name}`, { type: "button", title, "aria-label": title.split(/[(:（：]/)[0].trim(), onclick }, makeIcon(icon));
}

/** Put the button that asks for a picture to draw over into the header. */
function addFileChooser(onFile) {
  const chooser = make("input", { type: "file", accept: "image/*,.heic,.heif,.croquis", hidden: true, "aria-label": say("Picture file"), onchange: () => {
    if (chooser.files[0]) onFile(chooser.files[0]);
    chooser.value = "";
  } });
  document.body.append(chooser);
  addAction({ name: "picture", icon: "picture", label: say("Put in a picture to draw over or to start from: choose, drop or paste one"), order: 30, onclick: () => chooser.click() });
}
