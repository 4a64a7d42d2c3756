// A line under way: the hand's places become points, made even, straight or mirrored as the person wants it.
import { addPoint } from "./drawing.js";

export const SMOOTHING = [0, 14, 60]; // px of the window over which the line follows the hand
const STRAIGHT_STEP = 6; // canvas px between the points of a straight line

/** Line is the stroke under way; past a stroke's limit of points it goes on as a new one. */
export class Line {
  /** @type {number[] | null} where the hand is: x, y, pressure */
  #hand = null;
  /** @type {number[] | null} where the line follows it */
  #place = null;
  /** @type {{ strokes: import("./drawing.js").Stroke[], place: number[] } | null} what a straight part goes on from */
  #corner = null;

  /**
   * @param {import("./drawing.js").Stroke} stroke without points
   * @param {number} reach canvas px over which the line follows the hand, 0 for at once
   */
  constructor(stroke, reach) {
    this.strokes = [stroke];
    this.reach = reach;
  }

  get end() { return this.strokes[this.strokes.length - 1].points.at(-1); }

  /** Follow the hand to a place; a straight line leads to it from where `isStraight` began. */
  follow(x, y, pressure, isStraight = false) {
    const before = this.#hand ?? [x, y, pressure];
    this.#hand = [x, y, pressure];
    if (isStraight) return this.#drawStraight(x, y, pressure);
    this.#corner = null;
    const share = this.reach ? 1 - Math.exp(-Math.hypot(x - before[0], y - before[1]) / this.reach) : 1;
    const from = this.#place ?? this.#hand;
    this.#place = this.#hand.map((part, axis) => from[axis] + (part - from[axis]) * share);
    const [atX, atY, atPressure] = this.#place;
    addPoint(this.strokes, atX, atY, atPressure);
  }

  /** End where the hand is: an evened line lags behind it. */
  finish() {
    if (!this.#hand || this.#corner || !this.reach) return;
    const [x, y, pressure] = this.#hand;
    this.#leadTo(x, y, pressure);
  }

  #drawStraight(x, y, pressure) {
    const place = this.#place ?? [x, y, pressure];
    this.#corner ??= { place, strokes: this.strokes.map((stroke) => ({ ...stroke, points: [...stroke.points] })) };
    this.strokes = this.#corner.strokes.map((stroke) => ({ ...stroke, points: [...stroke.points] }));
    if (!this.end) addPoint(this.strokes, this.#corner.place[0], this.#corner.place[1], this.#corner.place[2]);
    this.#leadTo(x, y, this.#corner.place[2]);
    this.#place = [x, y, pressure];
  }

  #leadTo(x, y, pressure) {
    const [fromX, fromY] = this.end ?? [x, y];
    const count = Math.max(1, Math.round(Math.hypot(x - fromX, y - fromY) / STRAIGHT_STEP));
    for (let n = 1; n <= count; n += 1) addPoint(this.strokes, fromX + ((x - fromX) * n) / count, fromY + ((y - fromY) * n) / count, pressure);
  }
}

/** Return strokes as a mirror in the middle of a sheet shows them. */
export function mirrorStrokes(strokes, width) {
  return strokes.map((stroke) => ({ ...stroke, points: stroke.points.map(([x, y, pressure]) => [Math.round((width - x) * 10) / 10, y, pressure]) }));
}
