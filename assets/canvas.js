// Build the canvas that people draw on: pointer events in, a Drawing out, its JSON as the component's value.
import { Drawing } from "./drawing.js";
import { make, makeIcon } from "./dom.js";
import { readFile } from "./intake.js";
import { Sheet } from "./sheet.js";

/** Build the canvas inside a gr.HTML element, and return what the rest of the page asks of it. */
export function mountCanvas({ element, props, trigger, watch }) {
  const drawing = new Drawing();
  const sheet = new Sheet(drawing, update);
  const tools = new Tools(drawing, sheet, { onChange: update, onFile: openFile });
  element.replaceChildren(sheet.node, tools.node);
  acceptFiles(element.closest("#canvas") ?? element, openFile);
  watch("value", () => {
    if (props.value && props.value !== String(drawing)) load(props.value);
  });
  update();

  function update(message = "") {
    sheet.repaint();
    tools.refresh(message);
    props.value = String(drawing);
  }
  function load(text) {
    drawing.load(text);
    update();
  }
  async function openFile(file) {
    try {
      const { file: whole, picture } = await readFile(file);
      if (whole) return trigger("recipe", { data: whole });
      drawing.placePicture(picture);
      update();
    } catch (problem) {
      tools.refresh(problem instanceof Error ? problem.message : String(problem));
    }
  }
  return { load, readText: (text) => trigger("recipe", { text }), undo: tools.undo, redo: tools.redo, pressKey: tools.pressKey };
}

/** Tools is the bar under the sheet: pen, eraser, width, undo, redo, clear, and a picture to draw over. */
class Tools {
  constructor(drawing, sheet, { onChange, onFile }) {
    this.drawing = drawing;
    this.sheet = sheet;
    const makeAction = (name) => () => { drawing[name](); onChange(); };
    this.undo = makeAction("undo");
    this.redo = makeAction("redo");
    this.pen = makeToolButton("pen", "Pen (B)", () => this.chooseTool("pen"));
    this.eraser = makeToolButton("eraser", "Eraser (E)", () => this.chooseTool("eraser"));
    this.size = make("input", { type: "range", min: 2, max: 48, step: 1, "aria-label": "Line width", title: "Line width  [ ]", oninput: () => this.changeSize(0) });
    this.dot = make("span.dot", { "aria-hidden": true });
    this.undoButton = makeToolButton("undo", "Undo (Ctrl+Z)", this.undo);
    this.redoButton = makeToolButton("redo", "Redo (Ctrl+Shift+Z)", this.redo);
    this.clearButton = makeToolButton("clear", "Clear the sheet", makeAction("clear"));
    this.message = make("p.message", { role: "alert" });
    const chooser = make("input", { type: "file", accept: "image/*,.heic,.heif", hidden: true, "aria-label": "Picture file", onchange: () => {
      if (chooser.files[0]) onFile(chooser.files[0]);
      chooser.value = "";
    } });
    const add = makeToolButton("picture", "Draw over a picture: choose, drop or paste one", () => chooser.click());
    this.node = make("div.bar", { role: "toolbar", "aria-label": "Drawing tools" },
      this.pen, this.eraser, make("span.width", {}, this.dot, this.size),
      this.undoButton, this.redoButton, this.clearButton, add, chooser, this.message);
    this.chooseTool("pen");
  }

  chooseTool(name) {
    this.sheet.tool = name;
    this.pen.setAttribute("aria-pressed", name === "pen");
    this.eraser.setAttribute("aria-pressed", name === "eraser");
    this.size.value = this.sheet.sizes[name];
    this.changeSize(0);
  }

  changeSize(by) {
    this.size.value = Number(this.size.value) + by;
    this.sheet.sizes[this.sheet.tool] = Number(this.size.value);
    this.dot.style.setProperty("--dot", `${Math.max(3, Number(this.size.value) / 2)}px`);
  }

  refresh(message) {
    this.undoButton.disabled = !this.drawing.canUndo;
    this.redoButton.disabled = !this.drawing.canRedo;
    this.clearButton.disabled = this.drawing.isBlank;
    this.message.textContent = message;
  }

  /** Do what a plain key of the tools does; return true when the key was one of them. */
  pressKey = (name) => {
    const actions = { b: () => this.chooseTool("pen"), e: () => this.chooseTool("eraser"), "[": () => this.changeSize(-2), "]": () => this.changeSize(2) };
    actions[name]?.();
    return name in actions;
  };
}

/** Make a tool's button; its label is the title up to the key in brackets. */
function makeToolButton(name, title, onclick) {
  return make(`button.tool.${name}`, { type: "button", title, "aria-label": title.split(/[(:]/)[0].trim(), onclick }, makeIcon(name));
}

/** Pass on the picture files that are dropped on the page or pasted outside a text field. */
function acceptFiles(target, onFile) {
  const markTarget = (on) => (event) => {
    event.preventDefault();
    target.classList.toggle("over", on);
  };
  document.addEventListener("dragover", markTarget(true));
  document.addEventListener("dragleave", markTarget(false));
  document.addEventListener("drop", async (event) => {
    markTarget(false)(event);
    const file = event.dataTransfer && (event.dataTransfer.files[0] ?? await fetchDraggedPicture(event.dataTransfer));
    if (file) onFile(file);
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) onFile(file);
  });
}

/** Fetch a picture that was dragged from this page's own history, as its address; return null for other hosts'. */
async function fetchDraggedPicture(transfer) {
  const address = transfer.getData("text/uri-list").split("\n")[0];
  if (!address || new URL(address).origin !== location.origin) return null;
  const blob = await (await fetch(address)).blob();
  return new File([blob], "picture", { type: blob.type });
}
