// A drawing as SVG: each stroke a path of the same outline as on the sheet, filled areas as paths of their px.
import { makeOutlinePath } from "./drawing.js";

/**
 * Write a drawing as SVG.
 * @param {string} text the canvas's JSON
 * @param {{ onPaper?: boolean }} [options] on white and over the picture under it, as it is seen on the sheet; else the
 * strokes and areas alone, on nothing
 */
export function writeDrawingSvg(text, { onPaper = false } = {}) {
  const { width, height, strokes, picture, placement } = JSON.parse(text);
  const colours = strokes.filter(({ tool }) => tool !== "pen"), ink = strokes.filter(({ tool }) => tool === "pen" || tool === "eraser");
  const masks = new Masks(width, height);
  const parts = [
    onPaper ? `<rect width="${width}" height="${height}" fill="#ffffff"/>${writePicture(picture, placement ?? {}, width, height)}` : "",
    `<g id="colours">${onPaper ? colours.map((mark) => writeMark(mark, width)).join("") : writeErased(colours, width, masks)}</g>`,
    `<g id="ink">${writeErased(ink, width, masks)}</g>`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${masks.text}${parts.join("")}</svg>\n`;
}

/** Masks collects what erasers take away. */
class Masks {
  #masks = [];

  constructor(width, height) {
    this.size = `x="0" y="0" width="${width}" height="${height}"`;
  }
  get text() { return this.#masks.length ? `<defs>${this.#masks.join("")}</defs>` : ""; }

  /** Add a mask of eraser strokes, and return its name. */
  add(erasers) {
    const name = `erased-${this.#masks.length + 1}`;
    const paths = erasers.map((mark) => `<path d="${makeOutlinePath(mark)}" fill="#000000"/>`).join("");
    this.#masks.push(`<mask id="${name}" maskUnits="userSpaceOnUse" ${this.size}><rect ${this.size} fill="#ffffff"/>${paths}</mask>`);
    return name;
  }
}

/** Write marks in their order; an eraser takes away from all that came before it. */
function writeErased(marks, width, masks) {
  let written = "", erasers = [];
  const erase = () => {
    if (erasers.length && written) written = `<g mask="url(#${masks.add(erasers)})">${written}</g>`;
    erasers = [];
  };
  for (const mark of marks) {
    if (mark.tool === "eraser") { erasers.push(mark); continue; }
    erase();
    written += writeMark(mark, width);
  }
  erase();
  return written;
}

function writeMark(mark, width) {
  if (mark.tool === "fill") return `<path d="${writeRuns(mark.runs, width)}" fill="${mark.color}" shape-rendering="crispEdges"/>`;
  return `<path d="${makeOutlinePath(mark)}" fill="${mark.tool === "eraser" ? "#ffffff" : mark.color}"/>`;
}

/** Write a filled area as rectangles: px left out and px filled by turns, row after row; equal rows become one. */
function writeRuns(runs, width) {
  /** @type {Map<string, number[]>} x and width -> x, y, width, height, still growing */
  let growing = new Map();
  const done = [];
  let at = 0, row = -1;
  /** @type {Map<string, number[]>} */
  let next = new Map();
  const closeRow = () => {
    for (const [key, box] of growing) if (next.get(key) !== box) done.push(box);
    growing = next;
    next = new Map();
  };
  runs.forEach((length, turn) => {
    for (let left = length; left > 0;) {
      const y = Math.floor(at / width), x = at % width, count = Math.min(left, width - x);
      for (; row < y; row += 1) closeRow();
      if (turn % 2) {
        const key = `${x} ${count}`, box = growing.get(key) ?? [x, y, count, 0];
        box[3] += 1;
        next.set(key, box);
      }
      at += count;
      left -= count;
    }
  });
  closeRow();
  done.push(...growing.values());
  return done.map(([x, y, across, down]) => `M${x} ${y}h${across}v${down}h${-across}z`).join("");
}

/** Write the picture under the strokes, whole in the middle or where it was put; one that is only traced is left out. */
function writePicture(source, { place = null, opacity = 1, traced = false }, width, height) {
  if (!source || traced) return "";
  const [x, y, across, down] = place ?? [0, 0, width, height];
  const fit = place ? "none" : "xMidYMid meet";
  return `<image href="${source}" x="${x}" y="${y}" width="${across}" height="${down}" opacity="${opacity}" preserveAspectRatio="${fit}"/>`;
}
