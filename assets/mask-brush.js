// Brush a part of a picture: by mouse, finger, pen or keys, with an eraser; the mask comes as a PNG.
import { getContext, make, makeIcon, takeTouches } from "./dom.js";
import { say } from "./words.js";

const SIZES = { least: 0.02, first: 0.1, most: 0.4 }; // the brush's width, share of the picture's longer side
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.03, SMALL_STEP = 0.005; // share of the longer side that an arrow key moves
const PEN_TIP = 1, PEN_ERASER_END = 32; // PointerEvent.buttons

/** @typedef {"brush" | "eraser"} MaskTool */
/** @typedef {{ tool: MaskTool, width: number, points: number[][] }} Swipe a way of the brush, in px of the picture */

/** MaskBrush is a picture with a translucent mask over it, and the tools that brush it. */
export class MaskBrush {
  /** @type {MaskTool} */
  tool = "brush";
  /** @type {Swipe[]} */
  #swipes = [];
  /** @type {HTMLCanvasElement | null} */
  #ground = null; // the mask that was loaded
  /** @type {{ pointer: number, swipe: Swipe } | null} */
  #gesture = null;
  #size = SIZES.first;
  /** @type {Record<string, HTMLButtonElement>} */
  tools = {};
  #place = [0.5, 0.5]; // of the cursor that keys move, shares of width and height

  /**
   * Lay a mask over a picture that the browser has already loaded.
   * @param {string} source the picture's address
   * @param {number} width of the picture, px; the mask has the same
   * @param {number} height
   * @param {{ onChange?: () => void }} [callbacks] called when the mask has changed
   */
  constructor(source, width, height, { onChange = () => {} } = {}) {
    this.onChange = onChange;
    this.mask = make("canvas", {
      width, height, tabindex: 0, role: "application",
      "aria-label": say("Brush the part here with a mouse, a finger or a pen. By keys: arrows move, with Shift a little; Space sets the brush down and lifts it."),
    });
    this.cursor = make("span.mask-cursor", { "aria-hidden": true });
    this.sheet = make("div.mask-sheet", { style: `aspect-ratio: ${width} / ${height}` }, make("img", { src: source, alt: "", draggable: "false" }), this.mask, this.cursor);
    this.bar = this.#buildBar();
    this.node = make("div.mask-brush", {}, this.sheet, this.bar);
    this.#listen();
    this.#refresh();
  }

  get isEmpty() { return !this.#readMask().some((value, at) => at % 4 === 3 && value > 127); }

  /** Return the mask as the data URL of a PNG at the picture's size, white where it is brushed and black elsewhere. */
  toDataURL() {
    const { width, height } = this.mask;
    const sheet = make("canvas", { width, height });
    const context = getContext(sheet);
    const pixels = context.createImageData(width, height);
    this.#readMask().forEach((value, at, all) => (pixels.data[at] = at % 4 === 3 ? 255 : all[at - (at % 4) + 3] > 127 ? 255 : 0));
    context.putImageData(pixels, 0, 0);
    return sheet.toDataURL("image/png");
  }

  /**
   * Begin with a mask as `toDataURL` gives it; the bin and the eraser take it away.
   * @param {string} address
   */
  async load(address) {
    const image = make("img", { src: address });
    await image.decode();
    const sheet = make("canvas", { width: this.mask.width, height: this.mask.height });
    const context = getContext(sheet);
    context.drawImage(image, 0, 0, sheet.width, sheet.height);
    const pixels = context.getImageData(0, 0, sheet.width, sheet.height);
    for (let at = 0; at < pixels.data.length; at += 4) pixels.data.set([224, 69, 47, pixels.data[at]], at);
    context.putImageData(pixels, 0, 0);
    this.#ground = sheet;
    this.#repaint();
  }

  clear() {
    this.#ground = null;
    this.#swipes = [];
    this.#repaint();
  }
  undo() {
    this.#swipes.pop();
    this.#repaint();
  }

  #readMask() {
    return getContext(this.mask).getImageData(0, 0, this.mask.width, this.mask.height).data;
  }

  #buildBar() {
    const makeTool = (name, label) => make("button.tool", { type: "button", title: label, "aria-label": label, onclick: () => this.#chooseTool(name) }, makeIcon(name === "brush" ? "brush-mask" : name));
    this.tools = { brush: makeTool("brush", say("Brush")), eraser: makeTool("eraser", say("Eraser: take a part of the mask away")) };
    this.width = make("input", { type: "range", min: SIZES.least, max: SIZES.most, step: 0.01, value: this.#size, "aria-label": say("Width of the brush"), oninput: () => (this.#size = Number(this.width.value)) });
    this.back = make("button.tool", { type: "button", title: say("Undo"), "aria-label": say("Undo"), onclick: () => this.undo() }, makeIcon("undo"));
    this.wipe = make("button.tool", { type: "button", title: say("Clear"), "aria-label": say("Clear"), onclick: () => this.clear() }, makeIcon("clear"));
    return make("div.mask-bar", {}, this.tools.brush, this.tools.eraser, this.width, this.back, this.wipe);
  }

  /** @param {MaskTool} tool */
  #chooseTool(tool) {
    this.tool = tool;
    this.#refresh();
  }
  #refresh() {
    for (const [name, button] of Object.entries(this.tools)) button.setAttribute("aria-pressed", String(name === this.tool));
    for (const button of [this.back, this.wipe]) button.disabled = !this.#swipes.length && !(button.title === say("Clear") && this.#ground);
  }

  #listen() {
    const { mask } = this;
    mask.addEventListener("pointerdown", (event) => this.#begin(event));
    mask.addEventListener("pointermove", (event) => this.#go(event));
    for (const kind of ["pointerup", "pointercancel"]) mask.addEventListener(kind, (event) => this.#end(event));
    mask.addEventListener("keydown", (event) => this.#pressKey(event));
    mask.addEventListener("blur", () => this.#gesture?.pointer === 0 && this.#finish());
    mask.addEventListener("contextmenu", (event) => event.preventDefault());
    takeTouches(mask);
  }

  #begin(event) {
    if (this.#gesture || !(event.buttons & (PEN_TIP | PEN_ERASER_END))) return;
    event.preventDefault();
    this.mask.setPointerCapture(event.pointerId);
    this.#start(event.buttons & PEN_ERASER_END ? "eraser" : this.tool, event.pointerId);
    this.#addPoint(this.#findPlace(event));
  }
  #go(event) {
    if (this.#gesture?.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#addPoint(this.#findPlace(one));
  }
  #end(event) {
    if (this.#gesture?.pointer === event.pointerId) this.#finish();
  }

  /** @param {MaskTool} tool */
  #start(tool, pointer) {
    const swipe = { tool, width: this.#size * Math.max(this.mask.width, this.mask.height), points: [] };
    this.#gesture = { pointer, swipe };
    this.#swipes.push(swipe);
  }
  #finish() {
    this.#gesture = null;
    this.#refresh();
    this.onChange();
  }

  #findPlace({ clientX, clientY }) {
    const box = this.mask.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * this.mask.width, ((clientY - box.top) / box.height) * this.mask.height];
  }
  #addPoint(point) {
    const swipe = this.#gesture?.swipe;
    if (!swipe) return;
    swipe.points.push(point);
    paintSwipe(getContext(this.mask), swipe, -2);
  }

  /** Brush by keys: arrows move the cursor, Space sets the brush down and lifts it. */
  #pressKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.#moveCursor(arrow, event.shiftKey ? SMALL_STEP : STEP);
    else if (event.key !== " ") return;
    else if (this.#gesture) this.#gesture.pointer === 0 && this.#finish();
    else {
      this.#start(this.tool, 0);
      this.#addPoint(this.#readCursor());
    }
    event.preventDefault();
    event.stopPropagation();
  }
  #moveCursor(arrow, step) {
    const { width, height } = this.mask, long = Math.max(width, height);
    this.#place = this.#place.map((part, axis) => Math.min(1, Math.max(0, part + (step * arrow[axis] * long) / [width, height][axis])));
    this.cursor.style.setProperty("--x", `${100 * this.#place[0]}%`);
    this.cursor.style.setProperty("--y", `${100 * this.#place[1]}%`);
    if (this.#gesture?.pointer === 0) this.#addPoint(this.#readCursor());
  }
  #readCursor() {
    return [this.#place[0] * this.mask.width, this.#place[1] * this.mask.height];
  }

  #repaint() {
    const context = getContext(this.mask);
    context.clearRect(0, 0, this.mask.width, this.mask.height);
    if (this.#ground) context.drawImage(this.#ground, 0, 0);
    for (const swipe of this.#swipes) paintSwipe(context, swipe, 0);
    this.#refresh();
    this.onChange();
  }
}

/**
 * Paint a swipe, from its point `from` on; its colour is the stylesheet's, by opacity.
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
 * @param {Swipe} swipe
 * @param {number} from
 */
function paintSwipe(context, { tool, width, points }, from) {
  context.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
  context.strokeStyle = "#e322c6";
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  const [first, ...others] = points.slice(from);
  context.moveTo(first[0], first[1]);
  for (const [x, y] of others.length ? others : [first]) context.lineTo(x, y);
  context.stroke();
  context.globalCompositeOperation = "source-over";
}
