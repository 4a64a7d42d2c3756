// The sheet of paper: pointer events become strokes, and only what is new is painted.
import { SIDE, addPoint, isNearPaper, makeOutlinePath, makeStroke, paintStroke } from "./drawing.js";
import { getContext, make } from "./dom.js";
import { choosePaper } from "./intake.js";

const SIZES = { pen: 6, eraser: 28 }; // canvas px, of SIDE
const PEN_TIP = 1, PEN_ERASER_END = 32; // PointerEvent.buttons
const PALM_MS = 500; // a touch that begins this soon after the pen was seen is the hand that holds it

/** Sheet is the paper: a bitmap of finished strokes and, above it, the stroke under way. */
export class Sheet {
  /** @type {import("./drawing.js").Tool} */
  tool = "pen";
  sizes = { ...SIZES };
  /** @type {{ pointer: number, kind: string, strokes: import("./drawing.js").Stroke[] } | null} */
  #gesture = null;
  #penSeen = -Infinity; // ms, when a pen last touched the sheet or moved above it
  #frame = 0;
  #picture = new Image();
  /**
   * What the bitmap of finished strokes holds: strokes, picture, size.
   * @type {{ strokes: readonly object[], source: string | null, pixels: number }}
   */
  #painted = { strokes: [], source: null, pixels: 0 };
  /** @type {WeakMap<object, Path2D>} */
  #outlines = new WeakMap();

  constructor(drawing, onStroke) {
    this.drawing = drawing;
    this.onStroke = onStroke;
    this.finished = make("canvas", { "aria-hidden": true });
    this.current = make("canvas.live", { role: "img", "aria-label": "Drawing area. Draw here with a mouse, a finger or a pen." });
    this.hint = make("p.hint", {}, "Draw here");
    this.node = make("div.paper", {}, this.finished, this.current, this.hint);
    this.#listen();
  }

  /** Show the drawing as it is now. Strokes that came on top are painted over the bitmap; all else paints it anew. */
  repaint() {
    const { strokes, picture } = this.drawing.now;
    this.hint.hidden = !this.drawing.isBlank;
    this.#loadPicture(picture);
    const source = picture && this.#picture.complete ? picture : null;
    const pixels = this.finished.width;
    const before = this.#painted;
    const goesOn = before.source === source && before.pixels === pixels && before.strokes.every((stroke, i) => stroke === strokes[i]);
    const context = goesOn ? scaleCanvas(this.finished) : clearCanvas(this.finished);
    if (!goesOn && source) paintWhole(context, this.#picture);
    for (const stroke of strokes.slice(goesOn ? before.strokes.length : 0)) this.#paintFinished(context, stroke);
    this.#painted = { strokes, source, pixels };
    clearCanvas(this.current);
  }

  #loadPicture(picture) {
    if (!picture || this.#picture.src === picture) return;
    this.#picture = new Image();
    this.#picture.onload = () => this.repaint();
    this.#picture.src = picture;
  }

  #paintFinished(context, stroke) {
    let outline = this.#outlines.get(stroke);
    if (!outline) this.#outlines.set(stroke, outline = new Path2D(makeOutlinePath(stroke)));
    paintStroke(context, stroke, outline);
  }

  #listen() {
    new ResizeObserver(() => this.#resizeCanvases()).observe(this.node);
    this.current.addEventListener("pointerdown", (event) => this.#beginStroke(event));
    this.current.addEventListener("pointermove", (event) => this.#continueStroke(event));
    this.current.addEventListener("pointerup", (event) => this.#endStroke(event));
    this.current.addEventListener("pointercancel", (event) => this.#cancelStroke(event));
    this.current.addEventListener("contextmenu", (event) => event.preventDefault());
    // or the browser takes a quick stroke for a gesture of its own and keeps the next tap to itself
    for (const kind of ["touchstart", "touchmove"]) this.current.addEventListener(kind, (event) => event.preventDefault(), { passive: false });
  }

  #resizeCanvases() {
    const pixels = Math.round(this.node.clientWidth * devicePixelRatio);
    if (!pixels) return;
    for (const canvas of [this.finished, this.current]) {
      if (canvas.width === pixels) continue;
      canvas.width = canvas.height = pixels;
      this.#painted = { strokes: [], source: null, pixels: 0 };
    }
    this.repaint();
  }

  #beginStroke(event) {
    this.#notePen(event);
    if (!(event.buttons & (PEN_TIP | PEN_ERASER_END)) || this.#isPalm(event)) return;
    if (this.#gesture && !(event.pointerType === "pen" && this.#gesture.kind === "touch")) return;
    event.preventDefault();
    this.current.setPointerCapture(event.pointerId);
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); // the keys for undo belong to the drawing now
    const tool = event.buttons & PEN_ERASER_END ? "eraser" : this.tool;
    this.#gesture = { pointer: event.pointerId, kind: event.pointerType, strokes: [makeStroke(tool, this.sizes[tool])] };
    this.hint.hidden = true;
    this.#addEventPoint(this.#gesture.strokes, event);
  }

  /** Tell whether a touch is the hand that holds the pen. */
  #isPalm(event) {
    return event.pointerType === "touch" && event.timeStamp - this.#penSeen < PALM_MS;
  }

  #notePen(event) {
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
  }

  #continueStroke(event) {
    this.#notePen(event);
    const gesture = this.#gesture;
    if (!gesture || gesture.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#addEventPoint(gesture.strokes, one);
  }

  /** Add where a pointer event lies to a line. Strokes may run over the border; what lies far off is left out. */
  #addEventPoint(strokes, event) {
    const box = this.current.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * SIDE;
    const y = ((event.clientY - box.top) / box.height) * SIDE;
    if (!isNearPaper(x, y)) return;
    addPoint(strokes, x, y, event.pointerType === "pen" ? event.pressure : 0.5);
    this.#frame ||= requestAnimationFrame(() => this.#paintGesture());
  }

  /** Paint the stroke under way, once a frame; what is full of it is finished and stays on the bitmap. */
  #paintGesture() {
    this.#frame = 0;
    if (!this.#gesture) return;
    const context = clearCanvas(this.current);
    const { strokes } = this.#gesture;
    for (const stroke of strokes.slice(0, -1)) this.#paintFinished(context, stroke);
    paintStroke(context, strokes[strokes.length - 1]);
  }

  #endStroke(event) {
    this.#notePen(event);
    if (!this.#gesture || this.#gesture.pointer !== event.pointerId) return;
    const { strokes } = this.#gesture;
    this.#gesture = null;
    const fits = !strokes[0].points.length || this.drawing.addStrokes(strokes);
    this.onStroke(fits ? "" : "The sheet is full. Draw this picture, or clear it and begin another.");
  }

  /** End a stroke that the system took away. Of a touch it took it for a palm or a gesture, and nothing was drawn. */
  #cancelStroke(event) {
    if (!this.#gesture || this.#gesture.pointer !== event.pointerId) return;
    if (this.#gesture.kind !== "touch") return this.#endStroke(event);
    this.#gesture = null;
    this.repaint();
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
  return scaleCanvas(canvas);
}

/** Return a canvas's context with one unit = one canvas px of the drawing. */
function scaleCanvas(canvas) {
  const context = getContext(canvas);
  context.setTransform(canvas.width / SIDE, 0, 0, canvas.height / SIDE, 0, 0);
  return context;
}
