// The drawing as a value: strokes and at most one picture under them, with undo.
// The same JSON goes to the server (pipeline/sketch/intake.py) and into assets/examples.
import { readUndoRecord, writeUndoRecord } from "./undo-record.js";
import { getStroke } from "./vendor/perfect-freehand.js";

export const SIDE = 512; // canvas px; the paper is 0..SIDE each way
export const INK = "#1c1a19";
const MAX_STROKES = 2000;
const MAX_POINTS = 90_000; // the server refuses above 100,000
const MAX_STROKE_POINTS = 1_000; // a longer line goes on as a new stroke, so that each frame paints a short one
const MAX_RUNS = 400_000; // of all filled areas; the server refuses above 500,000
const KEPT_STATES = 200;
const BLANK = Object.freeze({ strokes: Object.freeze([]), picture: null });

/** @typedef {"pen" | "marker" | "eraser"} Tool the marker's broad strokes lie under the pen's */
/** @typedef {{ tool: Tool, size: number, color: string, points: number[][] }} Stroke */
/** @typedef {{ tool: "fill", color: string, runs: number[] }} Fill an area under the lines, as filling.js writes it */

/** Drawing holds strokes and the picture under them, and every state that Undo and Redo go to. */
export class Drawing {
  #states = [BLANK];
  #position = 0;

  get now() { return this.#states[this.#position]; }
  get isBlank() { return !this.now.strokes.length && !this.now.picture; }
  get canUndo() { return this.#position > 0; }
  get canRedo() { return this.#position < this.#states.length - 1; }

  /**
   * Add the strokes or the fill of one gesture, which one Undo takes back; return false when the sheet is too full.
   * @param {(Stroke | Fill)[]} added
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

  /** Begin anew over a picture, a data URL. */
  placePicture(picture) { this.#pushState({ strokes: [], picture }); }
  clear() { if (!this.isBlank) this.#pushState(BLANK); }
  undo() { if (this.canUndo) this.#position -= 1; }
  redo() { if (this.canRedo) this.#position += 1; }

  /** Load a drawing from its JSON, as a state of its own; an empty text is a blank sheet. */
  load(text) {
    const { strokes = [], picture = null } = text ? JSON.parse(text) : BLANK;
    this.#pushState({ strokes, picture });
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
    [this.#states, this.#position] = [states, position];
  }

  /** Return the drawing as JSON. */
  toString() { return this.write([]); }

  /**
   * Return the drawing as JSON with strokes that are still being drawn.
   * @param {readonly Stroke[]} underWay
   */
  write(underWay) {
    const { strokes, picture } = this.now;
    const head = JSON.stringify({ version: 2, width: SIDE, height: SIDE, picture }).slice(0, -1);
    return `${head},"strokes":[${[...strokes.map(writeStroke), ...underWay.map((stroke) => JSON.stringify(stroke))].join(",")}]}`;
  }

  #pushState(state) {
    this.#states = [...this.#states.slice(0, this.#position + 1), state].slice(-KEPT_STATES);
    this.#position = this.#states.length - 1;
  }
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

/** Tell whether a point lies on the paper or less than its side away from it. */
export function isNearPaper(x, y) {
  return x >= -SIDE && y >= -SIDE && x <= 2 * SIDE && y <= 2 * SIDE;
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
