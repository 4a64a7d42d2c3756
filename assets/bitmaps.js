// The sheet as it is painted: a picture at the bottom, colours over it, lines on top, and the stroke under way.
import { makeOutlinePath, paintStroke } from "./drawing.js";
import { paintRuns } from "./filling.js";
import { getContext, make } from "./dom.js";
import { choosePaper } from "./intake.js";

const SEEN = 16; // of 255: from here on a line covers a px
const MOST_PIXELS = 2048; // of a bitmap's longer side, however far the sheet is zoomed

/** Bitmaps keep what is finished, so that only what is new is painted. */
export class Bitmaps {
  #picture = new Image();
  /** @type {OffscreenCanvas | null} the picture on paper, opaque, so that fading fades both */
  #onPaper = null;
  /**
   * What the bitmaps hold.
   * @type {{ strokes: readonly object[], hidden: Set<object>, look: string, picture: object | null }}
   */
  #painted = { strokes: [], hidden: new Set(), look: "", picture: null };
  /** @type {WeakMap<object, Path2D>} */
  #outlines = new WeakMap();
  /** @type {WeakMap<object, OffscreenCanvas>} */
  #fills = new WeakMap();
  #live = [0, 0, 0, 0]; // canvas px, what of the stroke under way is painted: left, top, right, bottom
  milliseconds = 0; // that painting everything anew took

  /** @param {import("./drawing.js").Drawing} drawing */
  constructor(drawing, label) {
    this.drawing = drawing;
    this.under = make("canvas.under", { "aria-hidden": true });
    this.colours = make("canvas", { "aria-hidden": true });
    this.live = make("canvas.live", { role: "application", tabindex: 0, "aria-label": label });
    this.lines = make("canvas.lines", { "aria-hidden": true });
    this.nodes = [this.under, this.colours, this.live, this.lines];
  }

  /** Give the bitmaps as many px as the sheet has on the screen; return true when they are others than before. */
  resize({ width, height }, zoom) {
    const most = MOST_PIXELS / Math.max(width, height);
    const [across, down] = [width, height].map((side) => Math.round(side * Math.min(most, devicePixelRatio * Math.max(1, zoom))));
    if (!across || !down || (this.lines.width === across && this.lines.height === down)) return false;
    for (const canvas of this.nodes) [canvas.width, canvas.height] = [across, down];
    this.#painted.look = "";
    return true;
  }

  /**
   * Show the drawing as it is now, but for what is hidden. Strokes that came on top are painted over the bitmap; all
   * else paints it anew.
   * @param {Set<object>} [hidden]
   */
  repaint(hidden = new Set()) {
    const { strokes, picture, width, height } = this.drawing.now;
    const look = [this.lines.width, this.lines.height, width, height, this.#eraserClears].join();
    const before = this.#painted;
    const goesOn = before.look === look && !hidden.size && !before.hidden.size && before.strokes.every((stroke, i) => stroke === strokes[i]);
    if (before.look !== look || before.picture !== picture) this.paintPicture(picture);
    const [colours, lines] = [this.colours, this.lines].map((canvas) => (goesOn ? this.#scale(canvas) : this.#clear(canvas)));
    const from = performance.now();
    for (const mark of strokes.slice(goesOn ? before.strokes.length : 0)) if (!hidden.has(mark)) {
      if (mark.tool === "fill") colours.drawImage(this.#paintFill(mark), 0, 0, width, height);
      else if (mark.tool !== "pen") this.#paintFinished(colours, mark, this.#eraserClears);
      if (mark.tool === "pen" || mark.tool === "eraser") this.#paintFinished(lines, mark, true);
    }
    if (!goesOn) this.milliseconds = performance.now() - from;
    this.#painted = { strokes, hidden, look, picture };
    this.clearLive();
  }

  /** Whether the eraser takes away what was drawn alone: no picture is part of the drawing. */
  get #eraserClears() {
    const { picture } = this.drawing.now;
    return !picture || picture.traced || picture.strength != null;
  }

  /** Paint a picture under the drawing where it lies; it comes later when it is still to be decoded. */
  paintPicture(picture) {
    const context = this.#clear(this.under);
    if (!picture) return;
    if (this.#picture.src !== picture.source) {
      this.#picture = new Image();
      this.#onPaper = null;
      this.#picture.onload = () => this.paintPicture(this.drawing.now.picture);
      this.#picture.src = picture.source;
    }
    const [x, y, width, height] = this.findPicture(picture);
    if (!this.#picture.complete || !width) return;
    this.#onPaper ??= layOnPaper(this.#picture);
    context.globalAlpha = picture.opacity;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#onPaper, x, y, width, height);
    context.globalAlpha = 1;
  }

  /** Return where a picture lies: x, y, width, height in canvas px; without a place of its own whole in the middle. */
  findPicture(picture) {
    if (picture.place) return picture.place;
    const { width, height } = this.drawing.now;
    const { naturalWidth, naturalHeight } = this.#picture;
    if (!naturalWidth) return [0, 0, 0, 0]; // not decoded yet
    const scale = Math.min(width / naturalWidth, height / naturalHeight);
    return [(width - naturalWidth * scale) / 2, (height - naturalHeight * scale) / 2, naturalWidth * scale, naturalHeight * scale];
  }

  /**
   * Paint strokes under way in the place of those before; `mirrored` shows them on both sides of the sheet.
   * @param {import("./drawing.js").Stroke[]} strokes
   */
  paintLive(strokes, mirrored) {
    const context = this.clearLive();
    const { width } = this.drawing.now;
    const paint = () => strokes.forEach((stroke, n) => (n < strokes.length - 1 ? this.#paintFinished(context, stroke) : paintStroke(context, stroke, last)));
    const last = new Path2D(makeOutlinePath(strokes[strokes.length - 1]));
    paint();
    this.#live = boundStrokes(strokes);
    if (!mirrored) return;
    context.transform(-1, 0, 0, 1, width, 0);
    paint();
    this.#live = [Math.min(this.#live[0], width - this.#live[2]), this.#live[1], Math.max(this.#live[2], width - this.#live[0]), this.#live[3]];
    this.#scale(this.live);
  }

  /**
   * Show finished marks over the drawing, moved and scaled.
   * @param {import("./drawing.js").Mark[]} marks
   * @param {import("./marks.js").Change} change
   */
  paintMoved(marks, change) {
    const { scale, x, y } = change;
    const { width, height } = this.drawing.now;
    const context = this.#clear(this.live);
    context.transform(scale, 0, 0, scale, x, y);
    for (const mark of marks) {
      if (mark.tool === "fill") context.drawImage(this.#paintFill(mark), 0, 0, width, height);
      else this.#paintFinished(context, mark);
    }
    this.#live = [-Infinity, -Infinity, Infinity, Infinity];
  }

  /** Take away the stroke under way, and no more of the bitmap than it covers. */
  clearLive() {
    const [left, top, right, bottom] = this.#live;
    if (right === Infinity) {
      this.#live = [0, 0, 0, 0];
      return this.#clear(this.live);
    }
    const context = this.#scale(this.live);
    if (right > left) context.clearRect(left, top, right - left, bottom - top);
    this.#live = [0, 0, 0, 0];
    return context;
  }

  /** Return what is seen, as RGBA of one px for each of the sheet's, and where the pen's lines are. */
  readPixels() {
    const { width, height } = this.drawing.now;
    const read = (canvases, paper) => {
      const context = getContext(new OffscreenCanvas(width, height), { willReadFrequently: true });
      if (paper) { context.fillStyle = "#ffffff"; context.fillRect(0, 0, width, height); }
      context.imageSmoothingQuality = "high";
      for (const canvas of canvases) context.drawImage(canvas, 0, 0, width, height);
      return context.getImageData(0, 0, width, height).data;
    };
    const lines = read([this.lines], false);
    const beneath = this.#eraserClears ? [] : [this.under]; // what is no part of the drawing stops no bucket
    return {
      seen: read([this.under, this.colours, this.lines], true),
      drawn: read([...beneath, this.colours, this.lines], true),
      isLine: Uint8Array.from({ length: width * height }, (_, at) => Number(lines[4 * at + 3] > SEEN)),
    };
  }

  #paintFinished(context, stroke, isLayer = false) {
    let outline = this.#outlines.get(stroke);
    if (!outline) this.#outlines.set(stroke, outline = new Path2D(makeOutlinePath(stroke)));
    paintStroke(context, stroke, outline, isLayer);
  }

  #paintFill(fill) {
    let painted = this.#fills.get(fill);
    if (!painted) this.#fills.set(fill, painted = paintRuns(fill.runs, fill.color, this.drawing.now));
    return painted;
  }

  /** Clear a canvas and return its context with one unit = one canvas px of the drawing. */
  #clear(canvas) {
    const context = getContext(canvas);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    return this.#scale(canvas);
  }

  /** Return a canvas's context with one unit = one canvas px of the drawing. */
  #scale(canvas) {
    const context = getContext(canvas);
    context.setTransform(canvas.width / this.drawing.now.width, 0, 0, canvas.height / this.drawing.now.height, 0, 0);
    return context;
  }
}

/** Return a picture on a paper on which it can be seen. */
function layOnPaper(picture) {
  const sheet = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
  const context = getContext(sheet);
  context.fillStyle = choosePaper(picture);
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.drawImage(picture, 0, 0);
  return sheet;
}

/** Return what strokes may cover: left, top, right, bottom in canvas px. */
function boundStrokes(strokes) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { points, size } of strokes) for (const [x, y] of points) {
    bounds[0] = Math.min(bounds[0], x - size - 2);
    bounds[1] = Math.min(bounds[1], y - size - 2);
    bounds[2] = Math.max(bounds[2], x + size + 2);
    bounds[3] = Math.max(bounds[3], y + size + 2);
  }
  return bounds;
}
