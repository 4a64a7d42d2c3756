// Build the canvas that people draw on: pointer events in, a Drawing out, its JSON as the component's value.
import { Drawing, SIDE, addPoint, isNearPaper, makeStroke, paintStrokes } from "./drawing.js";
import { getContext, make, makeIcon } from "./dom.js";
import { choosePaper, readFile } from "./intake.js";

const SIZES = { pen: 6, eraser: 28 }; // canvas px, of SIDE
const PEN_TIP = 1, PEN_ERASER_END = 32; // PointerEvent.buttons

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

/** Sheet is the paper: a layer of finished strokes and, above it, the stroke under way. */
class Sheet {
  /** @type {import("./drawing.js").Tool} */
  tool = "pen";
  sizes = { ...SIZES };
  /** @type {{ pointer: number, stroke: import("./drawing.js").Stroke } | null} */
  #gesture = null;
  #picture = new Image();

  constructor(drawing, onStroke) {
    this.drawing = drawing;
    this.onStroke = onStroke;
    this.finished = make("canvas", { "aria-hidden": true });
    this.current = make("canvas.live", { role: "img", "aria-label": "Drawing area. Draw here with a mouse, a finger or a pen." });
    this.hint = make("p.hint", {}, "Draw here");
    this.node = make("div.paper", {}, this.finished, this.current, this.hint);
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
    const context = clearCanvas(this.finished);
    if (picture && this.#picture.complete) paintWhole(context, this.#picture);
    paintStrokes(context, strokes);
    clearCanvas(this.current);
  }

  #listen() {
    new ResizeObserver(() => this.#resizeCanvases()).observe(this.node);
    this.current.addEventListener("pointerdown", (event) => this.#beginStroke(event));
    this.current.addEventListener("pointermove", (event) => this.#continueStroke(event));
    for (const kind of ["pointerup", "pointercancel"]) this.current.addEventListener(kind, (event) => this.#endStroke(event));
    this.current.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #resizeCanvases() {
    const pixels = Math.round(this.node.clientWidth * devicePixelRatio);
    if (!pixels) return;
    for (const canvas of [this.finished, this.current]) {
      if (canvas.width === pixels) continue;
      canvas.width = canvas.height = pixels;
    }
    this.repaint();
  }

  #beginStroke(event) {
    if (this.#gesture || !(event.buttons & (PEN_TIP | PEN_ERASER_END))) return;
    event.preventDefault();
    this.current.setPointerCapture(event.pointerId);
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); // the keys for undo belong to the drawing now
    const tool = event.buttons & PEN_ERASER_END ? "eraser" : this.tool;
    this.#gesture = { pointer: event.pointerId, stroke: makeStroke(tool, this.sizes[tool]) };
    this.hint.hidden = true;
    this.#addEventPoint(this.#gesture.stroke, event);
  }

  #continueStroke(event) {
    const gesture = this.#gesture;
    if (!gesture || gesture.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#addEventPoint(gesture.stroke, one);
  }

  /** Add where a pointer event lies to a stroke. Strokes may run over the border; what lies far off is left out. */
  #addEventPoint(stroke, event) {
    const box = this.current.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * SIDE;
    const y = ((event.clientY - box.top) / box.height) * SIDE;
    if (!isNearPaper(x, y)) return;
    addPoint(stroke, x, y, event.pointerType === "pen" ? event.pressure : 0.5);
    paintStrokes(clearCanvas(this.current), [stroke]);
  }

  #endStroke(event) {
    if (!this.#gesture || this.#gesture.pointer !== event.pointerId) return;
    const { stroke } = this.#gesture;
    this.#gesture = null;
    const fits = !stroke.points.length || this.drawing.addStroke(stroke);
    this.onStroke(fits ? "" : "The sheet is full. Draw this picture, or clear it and begin another.");
  }
}

/** Paint a picture whole and in its own proportions in the middle of the sheet; the server lays it out the same way. */
function paintWhole(context, picture) {
  const { naturalWidth: width, naturalHeight: height } = picture;
  if (!width) return;
  const scale = SIDE / Math.max(width, height);
  const place = [(SIDE - width * scale) / 2, (SIDE - height * scale) / 2, width * scale, height * scale];
  context.fillStyle = choosePaper(picture);
  context.fillRect(...place);
  context.drawImage(picture, ...place);
}

/** Clear a canvas and return its context with one unit = one canvas px of the drawing. */
function clearCanvas(canvas) {
  const context = getContext(canvas);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.scale(canvas.width / SIDE, canvas.height / SIDE);
  return context;
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
