// The drawing as a value: a sheet of some size, strokes, and at most one picture under them, with undo.
// The same JSON goes to the server (pipeline/sketch/intake.py) and into assets/examples.
import { readUndoRecord, writeUndoRecord } from "./undo-record.js";
import { getStroke } from "./vendor/perfect-freehand.js";

export const SIDE = 512; // canvas px of a square sheet
export const INK = "#1c1a19";
const MAX_STROKES = 2000;
const MAX_POINTS = 90_000; // the server refuses above 100,000
const MAX_STROKE_POINTS = 1_000; // a longer line goes on as a new stroke, so that each frame paints a short one
const MAX_RUNS = 400_000; // of all filled areas; the server refuses above 500,000
const KEPT_STATES = 200;
const BLANK = Object.freeze({ width: SIDE, height: SIDE, strokes: Object.freeze([]), picture: null });

/** @typedef {"pen" | "marker" | "eraser"} Tool the marker's broad strokes lie under the pen's */
/** @typedef {{ tool: Tool, size: number, color: string, points: number[][] }} Stroke */
/** @typedef {{ tool: "fill", color: string, runs: number[] }} Fill an area under the lines, as filling.js writes it */
/** @typedef {Stroke | Fill} Mark */
/**
 * @typedef {{ source: string, place: number[] | null, opacity: number, locked: boolean, traced: boolean, plain: boolean, strength: number | null }} Picture
 * `source` is a data URL; `place` is x, y, width, height in canvas px, null for whole in the middle; a `traced` picture
 * is no part of the drawing; a `plain` one was drawn here and is taken as it is, no photograph of paper; one with a
 * `strength` is what the next picture starts from, and the drawing is what lies over it.
 */
/** @typedef {{ width: number, height: number, strokes: readonly any[], picture: Picture | null }} State */

/** Drawing holds strokes and the picture under them, and every state that Undo and Redo go to. */
export class Drawing {
  /** @type {State[]} */
  #states = [BLANK];
  #position = 0;

  get now() { return this.#states[this.#position]; }
  /** Whether the server would see nothing: no stroke, and no picture but one that is only traced. */
  get isEmpty() { return !this.now.strokes.length && (!this.now.picture || this.now.picture.traced); }
  get isBlank() { return !this.now.strokes.length && !this.now.picture; }
  get canUndo() { return this.#position > 0; }
  get canRedo() { return this.#position < this.#states.length - 1; }

  /**
   * Add the strokes or the fill of one gesture, which one Undo takes back; return false when the sheet is too full.
   * @param {Mark[]} added
   */
  addStrokes(added) {
    const strokes = [...this.now.strokes];
    let points = 0, runs = 0;
    const fits = (mark) => (points += mark.points?.length ?? 0) <= MAX_POINTS && (runs += mark.runs?.length ?? 0) <= MAX_RUNS;
    strokes.forEach(fits);
    const fitting = added.filter(fits);
    strokes.push(...fitting.slice(0, MAX_STROKES - strokes.length));
    if (strokes.length > this.now.strokes.length) this.#pushState({ ...this.now, strokes });
    return strokes.at(-1) === added.at(-1);
  }

  /**
   * Put others in the place of some marks, one for each, or take these away, in one step.
   * @param {Map<Mark, Mark | null>} changes
   */
  replaceStrokes(changes) {
    const strokes = this.now.strokes.map((mark) => (changes.has(mark) ? changes.get(mark) : mark)).filter((mark) => mark != null);
    this.#pushState({ ...this.now, strokes });
  }

  /** Begin anew over a picture, a data URL. */
  placePicture(source) { this.#pushState({ ...this.now, strokes: [], picture: makePicture(source) }); }
  /** Start from a picture, a data URL, under what is drawn, on a sheet of this size. */
  startFrom(source, placement, { width, height }) { this.#pushState({ ...this.now, width, height, picture: makePicture(source, placement) }); }
  /** Change something of the picture under the strokes; null takes it away. */
  changePicture(changes) {
    const picture = changes && this.now.picture ? { ...this.now.picture, ...changes } : null;
    this.#pushState({ ...this.now, picture });
  }
  /** Go on on a sheet of another size, with what was drawn as it then lies. */
  changeSheet(state) { this.#pushState(state); }
  clear() { if (!this.isBlank) this.#pushState({ ...BLANK, width: this.now.width, height: this.now.height }); }
  undo() { if (this.canUndo) this.#position -= 1; }
  redo() { if (this.canRedo) this.#position += 1; }

  /** Load a drawing from its JSON of any version, as a state of its own; an empty text is a blank sheet. */
  load(text) {
    const { width = SIDE, height = SIDE, strokes = [], picture = null, placement = null } = text ? JSON.parse(text) : {};
    this.#pushState({ width, height, strokes, picture: picture && makePicture(picture, placement) });
  }

  /** Return every state that Undo and Redo go to, and the drawing of a line under way, to be kept by the browser. */
  record(underWay = []) {
    if (!underWay.length) return writeUndoRecord(this.#states, this.#position, writeStroke);
    const drawn = { ...this.now, strokes: [...this.now.strokes, ...underWay.map((stroke) => ({ ...stroke, points: [...stroke.points] }))] };
    return writeUndoRecord([...this.#states.slice(0, this.#position + 1), drawn], this.#position + 1, writeStroke);
  }
  /** Go on from a record; throws an Error where it is none. */
  restore(record) {
    const { states, position } = readUndoRecord(record);
    const complete = ({ picture = null, ...state }) => ({ ...BLANK, ...state, picture: typeof picture === "string" ? makePicture(picture) : picture });
    [this.#states, this.#position] = [states.map(complete), position];
  }

  /** Return the drawing as JSON. */
  toString() { return this.write([]); }

  /**
   * Return the drawing as JSON with strokes that are still being drawn.
   * @param {readonly Stroke[]} underWay
   */
  write(underWay) {
    const { width, height, strokes, picture } = this.now;
    const { source = null, strength = null, ...placement } = picture ?? {};
    const [version, lies] = strength == null ? [3, placement] : [4, { ...placement, strength }]; // older Croquis read 3
    const head = JSON.stringify({ version, width, height, picture: source, placement: picture && lies }).slice(0, -1);
    return `${head},"strokes":[${[...strokes.map(writeStroke), ...underWay.map((stroke) => JSON.stringify(stroke))].join(",")}]}`;
  }

  /** @param {State} state */
  #pushState(state) {
    this.#states = [...this.#states.slice(0, this.#position + 1), state].slice(-KEPT_STATES);
    this.#position = this.#states.length - 1;
  }
}

/**
 * Make a picture under the strokes of its data URL; up to version 2 all of them lay whole in the middle.
 * @returns {Picture}
 */
function makePicture(source, /** @type {Partial<Picture> | null} */ placement = null) {
  return { source, place: null, opacity: 1, locked: false, traced: false, plain: false, strength: null, ...placement };
}

/**
 * Make a stroke that has no points yet.
 * @param {Tool} tool
 * @param {number} size canvas px
 * @param {string} color "#rrggbb"
 * @returns {Stroke}
 */
export function makeStroke(tool, size, color) {
  return { tool, size, color, points: [] };
}

/**
 * Append a point to the last of a line's strokes unless it repeats the one before; coordinates to a tenth of a pixel
 * keep the value small. A stroke that is full goes on as a new one, which begins where it ends.
 * @param {Stroke[]} strokes
 */
export function addPoint(strokes, x, y, pressure) {
  const stroke = strokes[strokes.length - 1];
  const last = stroke.points.at(-1);
  if (last && Math.hypot(x - last[0], y - last[1]) < 0.7) return;
  const point = [round(x, 10), round(y, 10), round(pressure, 100)];
  if (last && stroke.points.length >= MAX_STROKE_POINTS) strokes.push({ ...stroke, points: [last, point] });
  else stroke.points.push(point);
}

/** Tell whether a point lies on the sheet or less than its side away from it. */
export function isNearSheet({ width, height }, x, y) {
  return x >= -width && y >= -height && x <= 2 * width && y <= 2 * height;
}

/** Paint a stroke on a 2d context whose unit is one canvas px. The eraser paints paper, or takes all off a layer. */
export function paintStroke(context, stroke, outline = new Path2D(makeOutlinePath(stroke)), isLayer = false) {
  context.globalCompositeOperation = stroke.tool === "eraser" && isLayer ? "destination-out" : "source-over";
  context.fillStyle = stroke.tool === "eraser" ? "#ffffff" : stroke.color;
  context.fill(outline);
  context.globalCompositeOperation = "source-over";
}

/** @type {WeakMap<object, string>} */
const written = new WeakMap();

/** Return a finished stroke as JSON; it is written once, and so is a sheet of thousands soon written. */
function writeStroke(stroke) {
  let text = written.get(stroke);
  if (text === undefined) written.set(stroke, text = JSON.stringify(stroke));
  return text;
}

/** Make a stroke's outline as SVG path data. pipeline/sketch/canvas.py paints the same shape with the same numbers. */
export function makeOutlinePath({ points, size }) {
  const options = { size, thinning: 0.5, smoothing: 0.5, streamline: 0.5, simulatePressure: false, last: true };
  const outline = getStroke(points, options);
  if (outline.length < 3) return "";
  const middles = outline.map(([x, y], i) => {
    const [nextX, nextY] = outline[(i + 1) % outline.length];
    return `${round(x, 100)},${round(y, 100)} ${round((x + nextX) / 2, 100)},${round((y + nextY) / 2, 100)}`;
  });
  return `M${round(outline[0][0], 100)},${round(outline[0][1], 100)} Q${middles.join(" ")} Z`;
}

/** Round to a whole number of 1 / parts. */
function round(value, parts) {
  return Math.round(value * parts) / parts;
}
