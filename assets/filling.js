// Find the area that a fill bucket fills: up to the lines, not through their small gaps, and a little under them.

const UNLIKE = 40; // of 255: what differs more in a channel is another colour
const REACHES = [7, 5, 3, 2, 1, 0]; // px; half of the widest gap that is closed, the widest first
const NEAR_LINE = 8; // px from a tap on a line to the area beside it
const UNDER = 4; // px that a fill goes on under the line around it

/** @typedef {Uint8Array<ArrayBuffer>} Mask one byte for each px, row after row: 1 where it holds */
/** @typedef {{ width: number, height: number }} Size px */

/**
 * Find the area around a place, and return it as runs (encodeRuns); null where there is nothing to fill.
 * `seen` is the drawing as RGBA, `isLine` says for each px whether the pen drew there.
 * @param {Uint8ClampedArray} seen
 * @param {Mask} isLine
 * @param {Size} size
 */
export function findArea(seen, isLine, size, x, y) {
  const start = findNear(isLine, size, y * size.width + x);
  if (start < 0) return null;
  const open = findAlike(seen, isLine, start);
  const away = measureDistance(open, size);
  for (const reach of REACHES) {
    const seed = findRoom(open, away, size, start, reach);
    if (seed < 0) continue;
    const area = floodFrom(size, [seed], (at) => away[at] > reach);
    growWithin(area, open, size, reach);
    fillCorners(area, open, away, size, reach);
    growWithin(area, isLine, size, UNDER);
    return encodeRuns(area);
  }
  return null;
}

/** Write a mask as counts by turns: px that are not in it, px that are, row after row; the rest is not. */
export function encodeRuns(mask) {
  const runs = [];
  let from = 0;
  for (let at = 1; at <= mask.length; at += 1) {
    if (at < mask.length && mask[at] === mask[at - 1]) continue;
    if (!runs.length && mask[0]) runs.push(0);
    runs.push(at - from);
    from = at;
  }
  return runs.length % 2 ? runs.slice(0, -1) : runs;
}

/** Return the mask of `count` px that runs stand for; encodeRuns is its inverse. */
export function decodeRuns(runs, count) {
  const mask = new Uint8Array(count);
  let at = 0;
  runs.forEach((length, turn) => {
    if (turn % 2) mask.fill(1, at, at + length);
    at += length;
  });
  return mask;
}

/** Paint runs in a colour, "#rrggbb", and return the picture of that size, transparent elsewhere. */
export function paintRuns(runs, color, { width, height }) {
  const picture = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (picture.getContext("2d"));
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const value = 0xff000000 + (blue << 16) + (green << 8) + red;
  let at = 0;
  runs.forEach((length, turn) => {
    if (turn % 2) pixels.fill(value, at, at + length);
    at += length;
  });
  context.putImageData(image, 0, 0);
  return picture;
}

/** Return the nearest px that no line covers, -1 where none is near. */
function findNear(isLine, { width, height }, start) {
  if (!isLine[start]) return start;
  const x = start % width, y = Math.floor(start / width);
  let found = -1, least = NEAR_LINE ** 2 + 1;
  for (let v = Math.max(0, y - NEAR_LINE); v <= Math.min(height - 1, y + NEAR_LINE); v += 1) {
    for (let u = Math.max(0, x - NEAR_LINE); u <= Math.min(width - 1, x + NEAR_LINE); u += 1) {
      const away = (u - x) ** 2 + (v - y) ** 2;
      if (away < least && !isLine[v * width + u]) [found, least] = [v * width + u, away];
    }
  }
  return found;
}

/** Return where no line is and the colour is like that of one px. */
function findAlike(seen, isLine, start) {
  const open = new Uint8Array(isLine.length);
  const [red, green, blue] = seen.slice(4 * start, 4 * start + 3);
  for (let at = 0; at < open.length; at += 1) {
    const i = 4 * at;
    const unlike = Math.max(Math.abs(seen[i] - red), Math.abs(seen[i + 1] - green), Math.abs(seen[i + 2] - blue));
    open[at] = Number(!isLine[at] && unlike <= UNLIKE);
  }
  return open;
}

/** Return each open px's distance to what is not open, in px (chamfer distances, Borgefors 1986); the border is none. */
function measureDistance(open, { width, height }) {
  const away = Float32Array.from(open, (is) => (is ? 1e6 : 0));
  const step = (at, from, length) => { if (away[from] + length < away[at]) away[at] = away[from] + length; };
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
    const at = y * width + x;
    if (x) step(at, at - 1, 1);
    if (y) step(at, at - width, 1);
    if (x && y) step(at, at - width - 1, Math.SQRT2);
    if (y && x < width - 1) step(at, at - width + 1, Math.SQRT2);
  }
  for (let y = height - 1; y >= 0; y -= 1) for (let x = width - 1; x >= 0; x -= 1) {
    const at = y * width + x;
    if (x < width - 1) step(at, at + 1, 1);
    if (y < height - 1) step(at, at + width, 1);
    if (x < width - 1 && y < height - 1) step(at, at + width + 1, Math.SQRT2);
    if (y < height - 1 && x) step(at, at + width - 1, Math.SQRT2);
  }
  return away;
}

/** Return the nearest px, by open ways of at most 2 * reach px, around which more than `reach` px are open; or -1. */
function findRoom(open, away, size, start, reach) {
  const seen = new Uint8Array(open.length);
  let ring = [start];
  seen[start] = 1;
  for (let steps = 0; steps <= 2 * reach && ring.length; steps += 1) {
    const room = ring.find((at) => away[at] > reach);
    if (room !== undefined) return room;
    ring = ring.flatMap((at) => listBeside(at, size).filter((next) => open[next] && !seen[next] && (seen[next] = 1)));
  }
  return -1;
}

/** Return all px that are reached from the seeds over px that hold. */
function floodFrom(size, seeds, holds) {
  const area = new Uint8Array(size.width * size.height);
  const left = seeds.filter((at) => holds(at) && (area[at] = 1));
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const next of listBeside(at, size)) if (!area[next] && holds(next)) {
      area[next] = 1;
      left.push(next);
    }
  }
  return area;
}

/** Let an area grow by some px, where `within` holds. */
function growWithin(area, within, size, steps) {
  let ring = [];
  for (let at = 0; at < area.length; at += 1) if (area[at]) ring.push(at);
  for (let step = 0; step < steps; step += 1) {
    const next = [];
    for (const at of ring) for (const one of listBeside(at, size)) if (!area[one] && within[one]) {
      area[one] = 1;
      next.push(one);
    }
    ring = next;
  }
}

/** Fill what is left of the area in its corners: open places that touch it and lead to no other room. */
function fillCorners(area, open, away, size, reach) {
  const seen = new Uint8Array(area.length);
  for (let at = 0; at < area.length; at += 1) {
    if (!open[at] || area[at] || seen[at] || !listBeside(at, size).some((one) => area[one])) continue;
    const part = [at];
    let leads = false;
    seen[at] = 1;
    for (let i = 0; i < part.length; i += 1) {
      leads ||= away[part[i]] > reach;
      for (const next of listBeside(part[i], size)) if (open[next] && !area[next] && !seen[next]) {
        seen[next] = 1;
        part.push(next);
      }
    }
    if (!leads) for (const one of part) area[one] = 1;
  }
}

/** List the px above, below, left and right of one. */
function listBeside(at, { width, height }) {
  const x = at % width, beside = [];
  if (x) beside.push(at - 1);
  if (x < width - 1) beside.push(at + 1);
  if (at >= width) beside.push(at - width);
  if (at < width * (height - 1)) beside.push(at + width);
  return beside;
}
