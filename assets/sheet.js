// The sheet of paper: pointer events become strokes, and only what is new is painted.
import { INK, SIDE, addPoint, isNearPaper, makeOutlinePath, makeStroke, paintStroke } from "./drawing.js";
import { findArea, paintRuns } from "./filling.js";
import { getContext, make } from "./dom.js";
import { choosePaper } from "./intake.js";

const SIZES = { pen: 6, marker: 28, eraser: 28 }; // canvas px, of SIDE
const FIRST_COLOR = "#d9452f"; // of the marker and the bucket
const FULL = "The sheet is full. Draw this picture, or clear it and begin another.";
const LABEL = "Drawing area. Draw here with a mouse, a finger or a pen. By keys: arrows move, with Shift a little; Space sets the tool down and lifts it.";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 16, SMALL_STEP = 2; // canvas px that an arrow key moves
const SEEN = 16; // of 255: from here on a line covers a px
const PEN_TIP = 1, PEN_ERASER_END = 32; // PointerEvent.buttons
const PALM_MS = 500; // a touch that begins this soon after the pen was seen is the hand that holds it

/** Sheet is the paper: bitmaps of the finished colours and of the finished lines over them, and the stroke under way. */
export class Sheet {
  /** @type {import("./drawing.js").Tool | "fill" | "dropper"} */
  tool = "pen";
  sizes = { ...SIZES };
  colors = { pen: INK, marker: FIRST_COLOR, fill: FIRST_COLOR };
  /** @type {{ pointer: number, kind: string, tool: string, strokes: import("./drawing.js").Stroke[] } | null} */
  #gesture = null;
  #place = [SIDE / 2, SIDE / 2]; // of the cursor that keys move
  #penSeen = -Infinity; // ms, when a pen last touched the sheet or moved above it
  #frame = 0;
  #picture = new Image();
  /**
   * What the bitmaps hold: strokes, picture, size.
   * @type {{ strokes: readonly object[], source: string | null, pixels: number }}
   */
  #painted = { strokes: [], source: null, pixels: 0 };
  /** @type {WeakMap<object, Path2D>} */
  #outlines = new WeakMap();
  /** @type {WeakMap<object, OffscreenCanvas>} */
  #fills = new WeakMap();

  constructor(drawing, { onStroke, onMove, onPick }) {
    this.drawing = drawing;
    this.onStroke = onStroke;
    this.onMove = onMove;
    this.onPick = onPick;
    this.colours = make("canvas", { "aria-hidden": true });
    this.lines = make("canvas.lines", { "aria-hidden": true });
    this.current = make("canvas.live", { role: "application", tabindex: 0, "aria-label": LABEL });
    this.cursor = make("span.cursor", { "aria-hidden": true });
    this.hint = make("p.hint", {}, "Draw here", make("small", {}, "Your colours count: what you paint keeps its colour."));
    this.node = make("div.paper", {}, this.colours, this.current, this.lines, this.cursor, this.hint);
    this.#listen();
  }

  /** Show the drawing as it is now. Strokes that came on top are painted over the bitmap; all else paints it anew. */
  repaint() {
    const { strokes, picture } = this.drawing.now;
    this.hint.hidden = !this.drawing.isBlank;
    this.#loadPicture(picture);
    const source = picture && this.#picture.complete ? picture : null;
    const pixels = this.colours.width;
    const before = this.#painted;
    const goesOn = before.source === source && before.pixels === pixels && before.strokes.every((stroke, i) => stroke === strokes[i]);
    const [colours, lines] = [this.colours, this.lines].map(goesOn ? scaleCanvas : clearCanvas);
    if (!goesOn && source) paintWhole(colours, this.#picture);
    for (const mark of strokes.slice(goesOn ? before.strokes.length : 0)) {
      if (mark.tool === "fill") colours.drawImage(this.#paintFill(mark), 0, 0, SIDE, SIDE);
      else if (mark.tool !== "pen") this.#paintFinished(colours, mark);
      if (mark.tool === "pen" || mark.tool === "eraser") this.#paintFinished(lines, mark, true);
    }
    this.#painted = { strokes, source, pixels };
    clearCanvas(this.current);
  }

  #loadPicture(picture) {
    if (!picture || this.#picture.src === picture) return;
    this.#picture = new Image();
    this.#picture.onload = () => this.repaint();
    this.#picture.src = picture;
  }

  #paintFinished(context, stroke, isLayer = false) {
    let outline = this.#outlines.get(stroke);
    if (!outline) this.#outlines.set(stroke, outline = new Path2D(makeOutlinePath(stroke)));
    paintStroke(context, stroke, outline, isLayer);
  }

  #paintFill(fill) {
    let painted = this.#fills.get(fill);
    if (!painted) this.#fills.set(fill, painted = paintRuns(fill.runs, fill.color, SIDE));
    return painted;
  }

  /** Return what is seen, as RGBA of SIDE x SIDE px, and where the pen's lines are. */
  #readPixels() {
    const read = (canvases, paper) => {
      const context = getContext(new OffscreenCanvas(SIDE, SIDE), { willReadFrequently: true });
      if (paper) { context.fillStyle = "#ffffff"; context.fillRect(0, 0, SIDE, SIDE); }
      context.imageSmoothingQuality = "high";
      for (const canvas of canvases) context.drawImage(canvas, 0, 0, SIDE, SIDE);
      return context.getImageData(0, 0, SIDE, SIDE).data;
    };
    const lines = read([this.lines], false);
    return { seen: read([this.colours, this.lines], true), isLine: Uint8Array.from({ length: SIDE * SIDE }, (_, at) => Number(lines[4 * at + 3] > SEEN)) };
  }

  /** Fill the area at a place of the sheet. */
  #fillAt(x, y) {
    const { seen, isLine } = this.#readPixels();
    const runs = findArea(seen, isLine, SIDE, x, y);
    if (!runs) return this.onStroke("There is no area here to fill: tap between the lines.");
    this.onStroke(this.drawing.addStrokes([{ tool: "fill", color: this.colors.fill, runs }]) ? "" : FULL);
  }

  /** Take up the colour that is seen at a place of the sheet. */
  #pickAt(x, y) {
    const at = 4 * (y * SIDE + x);
    const parts = [...this.#readPixels().seen.slice(at, at + 3)];
    this.onPick(`#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`);
  }

  #listen() {
    new ResizeObserver(() => this.#resizeCanvases()).observe(this.node);
    this.current.addEventListener("pointerdown", (event) => this.#beginStroke(event));
    this.current.addEventListener("pointermove", (event) => this.#continueStroke(event));
    this.current.addEventListener("pointerup", (event) => this.#endStroke(event));
    this.current.addEventListener("pointercancel", (event) => this.#cancelStroke(event));
    this.current.addEventListener("keydown", (event) => this.#pressKey(event));
    this.current.addEventListener("blur", () => this.#gesture?.kind === "keys" && this.#finish(this.#gesture));
    this.current.addEventListener("contextmenu", (event) => event.preventDefault());
    // or the browser takes a quick stroke for a gesture of its own and keeps the next tap to itself
    for (const kind of ["touchstart", "touchmove"]) this.current.addEventListener(kind, (event) => event.preventDefault(), { passive: false });
  }

  #resizeCanvases() {
    const pixels = Math.round(this.node.clientWidth * devicePixelRatio);
    if (!pixels) return;
    for (const canvas of [this.colours, this.lines, this.current]) {
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
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); // the keys for undo belong to the drawing now
    const tool = event.buttons & PEN_ERASER_END ? "eraser" : this.tool;
    this.current.setPointerCapture(event.pointerId);
    this.#gesture = this.#makeGesture(tool, event.pointerId, event.pointerType);
    this.#addEventPoint(this.#gesture, event);
  }

  /** The strokes of the line under way, which are no part of the drawing yet. */
  get underWay() {
    const isLine = this.#gesture && this.#gesture.tool !== "fill" && this.#gesture.tool !== "dropper";
    return isLine ? this.#gesture?.strokes.filter(({ points }) => points.length) ?? [] : [];
  }

  #makeGesture(tool, pointer, kind) {
    this.node.classList.toggle("beneath", tool === "marker");
    this.hint.hidden = true;
    return { pointer, kind, tool, strokes: [makeStroke(tool, this.sizes[tool], this.colors[tool] ?? INK)] };
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
    for (const one of events.length ? events : [event]) this.#addEventPoint(gesture, one);
  }

  /** Add where a pointer event lies to a line. Strokes may run over the border; what lies far off is left out. */
  #addEventPoint(gesture, event) {
    const box = this.current.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * SIDE, y = ((event.clientY - box.top) / box.height) * SIDE;
    const isPressed = event.pointerType === "pen" && gesture.tool !== "marker"; // a marker is as broad everywhere
    if (isNearPaper(x, y)) this.#addPlace(gesture, x, y, isPressed ? event.pressure : 0.5);
  }

  #addPlace(gesture, x, y, pressure) {
    addPoint(gesture.strokes, x, y, pressure);
    this.#frame ||= requestAnimationFrame(() => this.#paintGesture());
  }

  /** Paint the stroke under way, once a frame; what is full of it is finished and stays on the bitmap. */
  #paintGesture() {
    this.#frame = 0;
    if (this.underWay.length) this.onMove();
    if (!this.#gesture || this.#gesture.tool === "fill" || this.#gesture.tool === "dropper") return;
    const context = clearCanvas(this.current);
    const { strokes } = this.#gesture;
    for (const stroke of strokes.slice(0, -1)) this.#paintFinished(context, stroke);
    paintStroke(context, strokes[strokes.length - 1]);
  }

  #endStroke(event) {
    this.#notePen(event);
    if (!this.#gesture || this.#gesture.pointer !== event.pointerId) return;
    this.#finish(this.#gesture);
  }

  /** Do what a gesture was for: add its line, or fill or pick where it ended. */
  #finish({ tool, strokes }) {
    this.#gesture = null;
    const end = strokes[strokes.length - 1].points.at(-1);
    if (!end) return this.repaint();
    const [x, y] = end.map((part) => Math.min(SIDE - 1, Math.max(0, Math.floor(part))));
    if (tool === "fill") this.#fillAt(x, y);
    else if (tool === "dropper") this.#pickAt(x, y);
    else this.onStroke(this.drawing.addStrokes(strokes) ? "" : FULL);
  }

  /** Draw by keys: arrows move the cursor, Space sets the tool down and lifts it. */
  #pressKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.#moveCursor(arrow, event.shiftKey ? SMALL_STEP : STEP);
    else if (event.key === " ") this.#pressCursor();
    else return;
    event.preventDefault();
  }

  #moveCursor(arrow, step) {
    this.#place = this.#place.map((part, axis) => Math.min(SIDE, Math.max(0, part + step * arrow[axis])));
    const [x, y] = this.#place;
    this.cursor.style.setProperty("--x", `${(100 * x) / SIDE}%`);
    this.cursor.style.setProperty("--y", `${(100 * y) / SIDE}%`);
    if (this.#gesture?.kind === "keys") this.#addPlace(this.#gesture, x, y, 0.5);
  }

  #pressCursor() {
    if (this.#gesture) return this.#gesture.kind === "keys" && this.#finish(this.#gesture);
    const gesture = this.#makeGesture(this.tool, 0, "keys");
    const [x, y] = this.#place;
    this.#gesture = gesture;
    this.#addPlace(gesture, x, y, 0.5);
    if (this.tool === "fill" || this.tool === "dropper") this.#finish(gesture);
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
