// The sheet of paper: what hands and keys do above it becomes strokes, filled areas and picked colours.
import { Bitmaps } from "./bitmaps.js";
import { INK, isNearSheet, makeStroke } from "./drawing.js";
import { findArea } from "./filling.js";
import { make } from "./dom.js";
import { Hands } from "./hands.js";
import { Line, SMOOTHING, mirrorStrokes } from "./line.js";
import { View } from "./view.js";
import { say } from "./words.js";

const SIZES = { pen: 6, marker: 28, eraser: 28 }; // canvas px
const FIRST_COLOR = "#d9452f"; // of the marker and the bucket
const PAINTING = ["pen", "marker", "fill"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 16, SMALL_STEP = 2; // canvas px that an arrow key moves
const LEAST_RING = 8; // px; a smaller brush is shown by a cross alone
const SHARPEN_MS = 180; // after the last change of the view
const SLOW_MS = 120; // a drawing that takes longer to paint stays as sharp as it is

/** @typedef {import("./drawing.js").Tool | "fill" | "dropper" | "select" | "move"} SheetTool */

/** Sheet is the paper in its frame: its view, its bitmaps, and the stroke under way. */
export class Sheet {
  /** @type {SheetTool} */
  tool = "pen";
  sizes = { ...SIZES };
  colors = { pen: INK, marker: FIRST_COLOR, fill: FIRST_COLOR };
  smoothing = 0; // a place in SMOOTHING
  isSymmetric = false;
  /** @type {{ selection: any, picture: any } | null} what the tools for finished things are; canvas.js sets it */
  helpers = null;
  /** @type {{ kind: string, tool: SheetTool, line: Line } | null} */
  #gesture = null;
  /** @type {number[] | null} of the cursor that keys move */
  #place = null;
  #frame = 0;
  #sharpening = 0;
  #hovered = { x: 0, y: 0 };
  /** @type {object | null} the drawing before the last tap of a finger */
  #beforeTap = null;

  constructor(drawing, { onStroke, onMove, onPick, onUndo, onRedo, onView }) {
    this.drawing = drawing;
    this.onStroke = onStroke;
    this.onMove = onMove;
    this.onPick = onPick;
    this.onView = onView;
    this.bitmaps = new Bitmaps(drawing, say("Drawing area. Draw here with a mouse, a finger or a pen. By keys: arrows move, with Shift a little; Space sets the tool down and lifts it."));
    this.cursor = make("span.cursor", { "aria-hidden": true });
    this.axis = make("span.axis", { "aria-hidden": true, hidden: true });
    this.board = make("div.board", {}, ...this.bitmaps.nodes, this.axis, this.cursor);
    this.ring = make("span.ring", { "aria-hidden": true, hidden: true });
    this.hint = make("p.hint", {}, say("Draw here"), make("small", {}, say("Your colours count: what you paint keeps its colour.")));
    this.node = make("div.paper.sheet", {}, this.board, this.ring, this.hint);
    this.view = new View(this.node, this.board, () => this.#showView());
    this.hands = new Hands(this.node, this.bitmaps.live, this.view, {
      begin: (event, isEraserEnd) => this.#begin(event, isEraserEnd),
      move: (event) => this.#addEvents(event),
      end: () => this.#gesture && this.#finish(this.#gesture),
      cancel: () => this.#cancel(),
      hover: (event) => this.#showRing(event),
      tap: (fingers) => (fingers === 2 ? onUndo() : fingers === 3 && onRedo()),
      tapTwice: () => this.#tapTwice(onUndo),
    });
    this.#listen();
  }

  /** Show the drawing as it is now. */
  repaint() {
    const { width, height } = this.drawing.now;
    if (width !== this.view.size.width || height !== this.view.size.height) this.#lay();
    this.hint.hidden = !this.drawing.isBlank;
    this.axis.hidden = !this.isSymmetric;
    this.bitmaps.repaint(this.helpers?.selection.hidden);
    this.helpers?.selection.follow();
    this.helpers?.picture.follow();
  }

  #listen() {
    new ResizeObserver(() => this.#lay()).observe(this.node);
    const { live } = this.bitmaps;
    live.addEventListener("keydown", (event) => this.#pressKey(event));
    live.addEventListener("blur", () => this.#gesture?.kind === "keys" && this.#finish(this.#gesture));
    this.node.addEventListener("pointerenter", (event) => this.#showRing(event));
  }

  #lay() {
    if (!this.node.clientWidth) return;
    const { width, height } = this.drawing.now;
    document.documentElement.style.setProperty("--sheet-ratio", String(width / height));
    const laid = this.view.lay(this.drawing.now);
    if (this.bitmaps.resize(laid, this.#sharpness)) this.repaint();
  }

  /** How many times the bitmaps are as fine as the whole sheet needs; a drawing that is slow to paint stays as it is. */
  get #sharpness() { return this.bitmaps.milliseconds > SLOW_MS ? 1 : this.view.zoom; }

  #showView() {
    this.node.classList.toggle("moved", !this.view.isFitted);
    this.#placeRing();
    this.helpers?.selection.follow();
    this.helpers?.picture.follow();
    this.onView(this.view);
    clearTimeout(this.#sharpening);
    this.#sharpening = setTimeout(() => {
      const { width, height } = this.board.style;
      if (this.bitmaps.resize({ width: parseFloat(width), height: parseFloat(height) }, this.#sharpness)) this.repaint();
    }, SHARPEN_MS);
  }

  #showRing(event) {
    const isBrush = this.tool in this.sizes && event && event.pointerType !== "touch";
    if (event) this.#hovered = { x: event.clientX, y: event.clientY };
    this.ring.hidden = !isBrush;
    this.#placeRing();
  }

  #placeRing() {
    const across = (this.sizes[this.tool] ?? 0) * this.view.scale;
    const isSeen = !this.ring.hidden && across >= LEAST_RING;
    this.node.classList.toggle("ringed", isSeen);
    if (this.ring.hidden) return;
    const box = this.node.getBoundingClientRect();
    this.ring.style.setProperty("--across", `${across}px`);
    this.ring.style.transform = `translate(${this.#hovered.x - box.left}px, ${this.#hovered.y - box.top}px) translate(-50%, -50%)`;
    this.ring.classList.toggle("small", !isSeen);
  }

  /** Show the brush at its new size. */
  changeBrush() {
    this.#placeRing();
  }

  #begin(event, isEraserEnd) {
    const isPicking = event.altKey && PAINTING.includes(this.tool);
    this.#gesture = this.#makeGesture(isEraserEnd ? "eraser" : isPicking ? "dropper" : this.tool, event.pointerType);
    this.#beforeTap = this.drawing.now;
    this.#addEvents(event);
  }

  /** The strokes of the line under way, which are no part of the drawing yet. */
  get underWay() {
    const { tool, line } = this.#gesture ?? {};
    const drawn = line && tool && tool in this.sizes ? line.strokes.filter(({ points }) => points.length) : [];
    return this.isSymmetric ? [...drawn, ...mirrorStrokes(drawn, this.drawing.now.width)] : drawn;
  }

  /** @param {SheetTool} tool */
  #makeGesture(tool, kind) {
    this.node.classList.toggle("beneath", tool === "marker");
    if (tool !== "select") this.helpers?.selection.clear();
    this.hint.hidden = true;
    const stroke = makeStroke(/** @type {any} */ (tool), this.sizes[tool] ?? 1, this.colors[tool] ?? INK);
    const isEven = tool in this.sizes && kind !== "keys";
    return { kind, tool, line: new Line(stroke, isEven ? SMOOTHING[this.smoothing] / this.view.scale : 0) };
  }

  #addEvents(event) {
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#addEventPoint(one, event.shiftKey);
  }

  /** Add where a pointer event lies to the line. Strokes may run over the border; what lies far off is left out. */
  #addEventPoint(event, isStraight) {
    const gesture = this.#gesture;
    if (!gesture) return;
    const [x, y] = this.view.findPlace(event.clientX, event.clientY);
    const isPressed = event.pointerType === "pen" && gesture.tool !== "marker"; // a marker is as broad everywhere
    if (isNearSheet(this.drawing.now, x, y)) this.#addPlace(x, y, isPressed ? event.pressure : 0.5, isStraight && gesture.tool in this.sizes);
  }

  #addPlace(x, y, pressure, isStraight = false) {
    this.#gesture?.line.follow(x, y, pressure, isStraight);
    this.#frame ||= requestAnimationFrame(() => this.#paintGesture());
  }

  /** Paint the stroke under way, once a frame. */
  #paintGesture() {
    this.#frame = 0;
    if (this.underWay.length) this.onMove();
    if (!this.#gesture) return;
    const { tool, line } = this.#gesture;
    if (tool in this.sizes) this.bitmaps.paintLive(line.strokes, this.isSymmetric);
    else if (tool === "select") this.helpers?.selection.showLasso(line.strokes);
  }

  /** Do what a gesture was for: add its line, fill, pick or select where it ended. */
  #finish({ tool, line }) {
    line.finish();
    this.#gesture = null;
    const { end } = line;
    if (!end) return this.repaint();
    const { width, height } = this.drawing.now;
    const x = Math.min(width - 1, Math.max(0, Math.floor(end[0]))), y = Math.min(height - 1, Math.max(0, Math.floor(end[1])));
    if (tool === "fill") this.#fillAt(x, y);
    else if (tool === "dropper") this.#pickAt(x, y);
    else if (tool === "select") this.helpers?.selection.take(line.strokes.flatMap(({ points }) => points));
    else if (tool !== "move") this.#add(this.isSymmetric ? [...line.strokes, ...mirrorStrokes(line.strokes, width)] : line.strokes);
  }

  #add(marks) {
    this.onStroke(this.drawing.addStrokes(marks) ? "" : say("The sheet is full. Draw this picture, or clear it and begin another."));
  }

  /** Fill the area at a place of the sheet, and the one that lies there in the mirror. */
  #fillAt(x, y) {
    const { width } = this.drawing.now;
    const { drawn, isLine } = this.bitmaps.readPixels();
    const places = this.isSymmetric ? [x, width - 1 - x] : [x];
    const areas = places.map((at) => findArea(drawn, isLine, this.drawing.now, at, y)).filter((runs) => runs != null);
    if (!areas.length) return this.onStroke(say("There is no area here to fill: tap between the lines."));
    this.#add(areas.map((runs) => ({ tool: "fill", color: this.colors.fill, runs })));
  }

  /** Take up the colour that is seen at a place of the sheet. */
  #pickAt(x, y) {
    const at = 4 * (y * this.drawing.now.width + x);
    const parts = [...this.bitmaps.readPixels().seen.slice(at, at + 3)];
    this.hint.hidden = !this.drawing.isBlank;
    this.onPick(`#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`);
  }

  #cancel() {
    this.#gesture = null;
    this.helpers?.selection.showLasso([]);
    this.repaint();
  }

  /** See the whole sheet again, and take back what the two taps left on it. */
  #tapTwice(onUndo) {
    if (this.drawing.now !== this.#beforeTap) onUndo();
    if (this.tool in this.sizes) onUndo();
    this.view.fit();
  }

  /** Draw by keys: arrows move the cursor, Space sets the tool down and lifts it. */
  #pressKey(event) {
    if (this.tool === "select" && this.helpers?.selection.pressKey(event)) return event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.#moveCursor(arrow, event.shiftKey ? SMALL_STEP : STEP);
    else if (event.key === " ") this.#pressCursor();
    else return;
    event.preventDefault();
  }

  /** @returns {number[]} where the cursor of the keys is; in the middle as long as it was not moved */
  #findCursor() {
    const { width, height } = this.drawing.now;
    return (this.#place ?? [width / 2, height / 2]).map((part, axis) => Math.min([width, height][axis], part));
  }

  #moveCursor(arrow, step) {
    const { width, height } = this.drawing.now;
    const [x, y] = this.#place = this.#findCursor().map((part, axis) => Math.min([width, height][axis], Math.max(0, part + step * arrow[axis])));
    this.cursor.style.setProperty("--x", `${(100 * x) / width}%`);
    this.cursor.style.setProperty("--y", `${(100 * y) / height}%`);
    if (this.#gesture?.kind === "keys") this.#addPlace(x, y, 0.5);
  }

  #pressCursor() {
    if (this.#gesture) return this.#gesture.kind === "keys" && this.#finish(this.#gesture);
    const [x, y] = this.#findCursor();
    this.#gesture = this.#makeGesture(this.tool, "keys");
    this.#addPlace(x, y, 0.5);
    if (!(this.tool in this.sizes)) this.#finish(this.#gesture);
  }
}
