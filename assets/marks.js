// What can be done with finished marks: find them on the sheet, move and scale them, lay them on another sheet.
import { decodeRuns, encodeRuns } from "./filling.js";

const LEAST_SIZE = 1, MOST_SIZE = 256; // px of a stroke's width that the server takes
const NEAR = 6; // canvas px beside a line that still mean it
const INSIDE = 0.5; // share of a mark's points within a lasso from which the mark is meant

/** @typedef {{ scale: number, x: number, y: number }} Change a place p goes to p * scale + (x, y) */
/** @typedef {import("./filling.js").Size} Size */
/** @typedef {import("./drawing.js").Mark} Mark */

/**
 * Return a mark as it lies after a change, on a sheet of another size if one is given.
 * @param {Mark} mark
 * @param {Change} change
 * @param {Size} from
 * @param {Size} [to]
 * @returns {Mark}
 */
export function changeMark(mark, change, from, to = from) {
  if (mark.tool === "fill") return { ...mark, runs: changeRuns(mark.runs, change, from, to) };
  const limit = (value, side) => Math.round(10 * Math.min(2 * side, Math.max(-side, value))) / 10;
  const points = mark.points.map(([x, y, pressure]) => [limit(x * change.scale + change.x, to.width), limit(y * change.scale + change.y, to.height), pressure]);
  const size = Math.round(100 * Math.min(MOST_SIZE, Math.max(LEAST_SIZE, mark.size * change.scale))) / 100;
  return { ...mark, size, points };
}

/** Move and scale a filled area, px by px; what leaves the sheet is lost. At least one px stays, or it were no mark. */
function changeRuns(runs, { scale, x, y }, from, to) {
  const mask = decodeRuns(runs, from.width * from.height);
  const changed = new Uint8Array(to.width * to.height);
  for (let row = 0; row < to.height; row += 1) {
    const sourceRow = Math.floor((row + 0.5 - y) / scale);
    if (sourceRow < 0 || sourceRow >= from.height) continue;
    for (let column = 0; column < to.width; column += 1) {
      const source = Math.floor((column + 0.5 - x) / scale);
      if (source >= 0 && source < from.width) changed[row * to.width + column] = mask[sourceRow * from.width + source];
    }
  }
  if (!changed.includes(1)) changed[0] = 1;
  return encodeRuns(changed);
}

/**
 * Return what marks cover: left, top, right, bottom in canvas px.
 * @param {Iterable<Mark>} marks
 * @param {Size} size
 */
export function boundMarks(marks, size) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  const add = (x, y, reach) => {
    bounds[0] = Math.min(bounds[0], x - reach);
    bounds[1] = Math.min(bounds[1], y - reach);
    bounds[2] = Math.max(bounds[2], x + reach);
    bounds[3] = Math.max(bounds[3], y + reach);
  };
  for (const mark of marks) {
    if (mark.tool !== "fill") for (const [x, y] of mark.points) add(x, y, mark.size / 2);
    else for (const at of listFilled(mark, size)) add((at % size.width) + 0.5, Math.floor(at / size.width) + 0.5, 0.5);
  }
  return bounds;
}

/** List the px of a filled area. */
function listFilled(mark, { width, height }) {
  const mask = decodeRuns(mark.runs, width * height);
  return Array.from(mask.keys()).filter((at) => mask[at]);
}

/**
 * Return the marks that a lasso holds, its points in canvas px.
 * @param {readonly Mark[]} marks
 */
export function findInside(marks, lasso, size) {
  return marks.filter((mark) => {
    const places = mark.tool === "fill" ? listFilled(mark, size).filter((_, n) => n % 61 === 0).map((at) => [at % size.width, Math.floor(at / size.width)]) : mark.points;
    const held = places.filter(([x, y]) => isInside(lasso, x, y)).length;
    return held >= INSIDE * places.length && held > 0;
  });
}

/** Tell whether a place lies within a polygon (even-odd rule). */
function isInside(polygon, x, y) {
  let inside = false;
  for (let n = 0, before = polygon.length - 1; n < polygon.length; before = n, n += 1) {
    const [ax, ay] = polygon[n], [bx, by] = polygon[before];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/**
 * Return the topmost mark at a place; lines lie over colours, and the eraser's are none. Null where there is none.
 * @param {readonly Mark[]} marks
 */
export function findAt(marks, x, y, size) {
  const covers = (mark) => (mark.tool === "fill" ? isFilled(mark, Math.floor(y) * size.width + Math.floor(x)) : isOnLine(mark, x, y));
  const found = [...marks].reverse().filter((mark) => mark.tool !== "eraser" && covers(mark));
  return found.find((mark) => mark.tool === "pen") ?? found[0] ?? null;
}

function isFilled({ runs }, at) {
  let end = 0;
  return runs.findIndex((length) => (end += length) > at) % 2 === 1;
}

function isOnLine({ points, size }, x, y) {
  const reach = size / 2 + NEAR;
  return points.some(([bx, by], n) => {
    const [ax, ay] = points[Math.max(0, n - 1)];
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const share = length ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
    return Math.hypot(ax + share * (bx - ax) - x, ay + share * (by - ay) - y) <= reach;
  });
}

/**
 * Return a drawing as it lies on a sheet of another size: in the middle, made smaller where it would not fit.
 * @param {import("./drawing.js").State} state
 * @param {Size} size
 */
export function changeSheet(state, size) {
  const scale = Math.min(size.width / state.width, size.height / state.height, 1);
  const change = { scale, x: (size.width - state.width * scale) / 2, y: (size.height - state.height * scale) / 2 };
  const strokes = state.strokes.map((mark) => changeMark(mark, change, state, size));
  const place = state.picture?.place && [state.picture.place[0] * scale + change.x, state.picture.place[1] * scale + change.y, state.picture.place[2] * scale, state.picture.place[3] * scale];
  return { ...size, strokes, picture: state.picture && { ...state.picture, place: place ?? null } };
}
