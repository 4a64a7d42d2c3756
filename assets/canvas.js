// The canvas people draw on: pointer events in, a Drawing out, its JSON as the component's value.
import { Drawing, SIDE, extend, isNear, newStroke, paint } from "./drawing.js";
import { contextOf, icon, make } from "./dom.js";
import { readFile } from "./intake.js";

const SIZES = { pen: 6, eraser: 28 }; // canvas px, of SIDE
const PEN_TIP = 1, PEN_ERASER_END = 32; // PointerEvent.buttons

/** Build the canvas inside a gr.HTML element. Returns what the rest of the page asks of it. */
export function mountCanvas({ element, props, trigger, watch }) {
  const drawing = new Drawing();
  const sheet = new Sheet(drawing, changed);
  const tools = new Tools(drawing, sheet, { change: changed, take });
  element.replaceChildren(sheet.node, tools.node);
  acceptFiles(element.closest("#canvas") ?? element, take);
  watch("value", () => {
    if (props.value && props.value !== String(drawing)) load(props.value);
  });
  changed();

  function changed(message = "") {
    sheet.repaint();
    tools.refresh(message);
    props.value = String(drawing);
  }
  function load(text) {
    drawing.load(text);
    changed();
  }
  async function take(file) {
    try {
      const { recipe, picture } = await readFile(file);
      if (recipe) return trigger("recipe", { data: recipe });
      drawing.place(picture);
      changed();
    } catch (problem) {
      tools.refresh(problem instanceof Error ? problem.message : String(problem));
    }
  }
  return { load, value: () => String(drawing), undo: tools.undo, redo: tools.redo, key: tools.key };
}

/** The paper: a settled layer and, above it, the stroke under the hand. */
class Sheet {
  /** @type {import("./drawing.js").Tool} */
  tool = "pen";
  sizes = { ...SIZES };
  /** @type {{ pointer: number, stroke: import("./drawing.js").Stroke } | null} */
  #gesture = null;
  #picture = new Image();

  constructor(drawing, finished) {
    this.drawing = drawing;
    this.finished = finished;
    this.settled = make("canvas", { "aria-hidden": true });
    this.live = make("canvas.live", { role: "img", "aria-label": "Drawing area. Draw here with a mouse, a finger or a pen." });
    this.hint = make("p.hint", {}, "Draw here");
    this.node = make("div.paper", {}, this.settled, this.live, this.hint);
    this.#listen();
  }

  repaint() {
    const { strokes, picture } = this.drawing.now;
    this.hint.hidden = !this.drawing.isBlank;
    if (picture && this.#picture.src !== picture) {
      this.#picture = new Image();
      this.#picture.onload = () => this.repaint();
      this.#picture.src = picture;
    }
    const context = blank(this.settled);
    if (picture && this.#picture.complete) context.drawImage(this.#picture, 0, 0, SIDE, SIDE);
    paint(context, strokes);
    blank(this.live);
  }

  #listen() {
    new ResizeObserver(() => this.#fit()).observe(this.node);
    this.live.addEventListener("pointerdown", (event) => this.#begin(event));
    this.live.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) this.live.addEventListener(kind, (event) => this.#end(event));
    this.live.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #fit() {
    const pixels = Math.round(this.node.clientWidth * devicePixelRatio);
    if (!pixels) return;
    for (const canvas of [this.settled, this.live]) {
      if (canvas.width === pixels) continue;
      canvas.width = canvas.height = pixels;
    }
    this.repaint();
  }

  #begin(event) {
    if (this.#gesture || !(event.buttons & (PEN_TIP | PEN_ERASER_END))) return;
    event.preventDefault();
    this.live.setPointerCapture(event.pointerId);
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); // the keys for undo belong to the drawing now
    const tool = event.buttons & PEN_ERASER_END ? "eraser" : this.tool;
    this.#gesture = { pointer: event.pointerId, stroke: newStroke(tool, this.sizes[tool]) };
    this.hint.hidden = true;
    this.#follow(this.#gesture.stroke, event);
  }

  #move(event) {
    const gesture = this.#gesture;
    if (!gesture || gesture.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#follow(gesture.stroke, one);
  }

  /** Strokes may run over the border, as a hand does; what lies far off the paper is left out. */
  #follow(stroke, event) {
    const box = this.live.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * SIDE;
    const y = ((event.clientY - box.top) / box.height) * SIDE;
    if (!isNear(x, y)) return;
    extend(stroke, x, y, event.pointerType === "pen" ? event.pressure : 0.5);
    paint(blank(this.live), [stroke]);
  }

  #end(event) {
    if (!this.#gesture || this.#gesture.pointer !== event.pointerId) return;
    const { stroke } = this.#gesture;
    this.#gesture = null;
    const fits = !stroke.points.length || this.drawing.add(stroke);
    this.finished(fits ? "" : "The sheet is full. Draw this picture, or clear it and begin another.");
  }
}

/** Clear a canvas and return its context with one unit = one canvas px of the drawing. */
function blank(canvas) {
  const context = contextOf(canvas);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.scale(canvas.width / SIDE, canvas.height / SIDE);
  return context;
}

class Tools {
  constructor(drawing, sheet, { change, take }) {
    this.drawing = drawing;
    this.sheet = sheet;
    const step = (move) => () => { drawing[move](); change(); };
    this.undo = step("undo");
    this.redo = step("redo");
    this.pen = tool("pen", "Pen (B)", () => this.choose("pen"));
    this.eraser = tool("eraser", "Eraser (E)", () => this.choose("eraser"));
    this.size = make("input", { type: "range", min: 2, max: 48, step: 1, "aria-label": "Line width", title: "Line width  [ ]", oninput: () => this.resize(0) });
    this.dot = make("span.dot", { "aria-hidden": true });
    this.undoButton = tool("undo", "Undo (Ctrl+Z)", this.undo);
    this.redoButton = tool("redo", "Redo (Ctrl+Shift+Z)", this.redo);
    this.clearButton = tool("clear", "Clear the sheet", step("clear"));
    this.message = make("p.message", { role: "alert" });
    const chooser = make("input", { type: "file", accept: "image/*", hidden: true, "aria-label": "Picture file", onchange: () => {
      if (chooser.files[0]) take(chooser.files[0]);
      chooser.value = "";
    } });
    const add = tool("picture", "Draw over a picture: choose, drop or paste one", () => chooser.click());
    this.node = make("div.bar", { role: "toolbar", "aria-label": "Drawing tools" },
      this.pen, this.eraser, make("span.width", {}, this.dot, this.size),
      this.undoButton, this.redoButton, this.clearButton, add, chooser, this.message);
    this.choose("pen");
  }

  choose(name) {
    this.sheet.tool = name;
    this.pen.setAttribute("aria-pressed", name === "pen");
    this.eraser.setAttribute("aria-pressed", name === "eraser");
    this.size.value = this.sheet.sizes[name];
    this.resize(0);
  }

  resize(by) {
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

  /** Plain keys of the tools; true when the key was one of them. */
  key = (name) => {
    const actions = { b: () => this.choose("pen"), e: () => this.choose("eraser"), "[": () => this.resize(-2), "]": () => this.resize(2) };
    actions[name]?.();
    return name in actions;
  };
}

function tool(name, title, onclick) {
  return make(`button.tool.${name}`, { type: "button", title, "aria-label": title.split(/[(:]/)[0].trim(), onclick }, icon(name));
}

/** Files dropped on the page or pasted outside a text field land on the canvas; so does one of our own pictures. */
function acceptFiles(target, take) {
  const over = (on) => (event) => {
    event.preventDefault();
    target.classList.toggle("over", on);
  };
  document.addEventListener("dragover", over(true));
  document.addEventListener("dragleave", over(false));
  document.addEventListener("drop", async (event) => {
    over(false)(event);
    const file = event.dataTransfer && (event.dataTransfer.files[0] ?? await draggedPicture(event.dataTransfer));
    if (file) take(file);
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) take(file);
  });
}

/** A picture dragged from this page's own history comes as an address. Other hosts' are left alone. */
async function draggedPicture(transfer) {
  const address = transfer.getData("text/uri-list").split("\n")[0];
  if (!address || new URL(address).origin !== location.origin) return null;
  const blob = await (await fetch(address)).blob();
  return new File([blob], "picture", { type: blob.type });
}
