// Zoom into a picture and move it: wheel, two fingers, double tap, drag, keys.
import { takeTouches } from "./dom.js";

const MOST = 8, DOUBLE = 2.5; // times its size
const WHEEL = 0.0022; // of the wheel's way, as an exponent
const PAN_STEP = 60; // px that an arrow key moves
const TAP_MS = 320, TAP_WAY = 24; // ms and px between the two taps of a double tap
const KEYS = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 };
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Zoom keeps how large a picture is shown within its area and which part of it; the stylesheet reads --zoom, --x, --y. */
export class Zoom {
  scale = 1;
  #x = 0; // px, by which the picture's middle is moved
  #y = 0;
  /** @type {Map<number, { x: number, y: number }>} */
  #fingers = new Map();
  #lastTap = { at: -Infinity, x: 0, y: 0 };
  #way = 0; // px that the pointers have moved since they came down

  /**
   * @param {HTMLElement} area takes the gestures and clips the picture
   * @param {{ takesWheel?: boolean, isOff?: () => boolean }} [options] `takesWheel`: the wheel zooms without Ctrl; `isOff`
   *   tells that the area's gestures belong to something else
   */
  constructor(area, { takesWheel = false, isOff = () => false } = {}) {
    this.area = area;
    this.takesWheel = takesWheel;
    this.isOff = isOff;
    area.classList.add("zoomable");
    area.addEventListener("wheel", (event) => this.#turnWheel(event), { passive: false });
    takeTouches(area, { taps: false, isOurs: ({ touches }) => takesWheel || (!this.isOff() && (this.scale > 1 || touches.length > 1)) });
    area.addEventListener("pointerdown", (event) => this.#press(event));
    area.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) area.addEventListener(kind, (event) => this.#lift(event));
  }

  reset() { this.#show(1, 0, 0); }

  /** Make the picture larger by a factor; the place under a point of the window stays there, or the middle. */
  zoomBy(factor, clientX, clientY) {
    const box = this.area.getBoundingClientRect();
    const [x, y] = [(clientX ?? box.left + box.width / 2) - box.left - box.width / 2, (clientY ?? box.top + box.height / 2) - box.top - box.height / 2];
    const scale = Math.min(MOST, Math.max(1, this.scale * factor)), share = scale / this.scale;
    this.#show(scale, x - share * (x - this.#x), y - share * (y - this.#y));
  }

  /** Zoom or move by a key; return whether it was one of these. */
  pressKey(key) {
    if (key in KEYS) this.zoomBy(KEYS[key]);
    else if (key === "0") this.reset();
    else if (key in ARROWS && this.scale > 1) this.#show(this.scale, this.#x + PAN_STEP * ARROWS[key][0], this.#y + PAN_STEP * ARROWS[key][1]);
    else return false;
    return true;
  }

  #show(scale, x, y) {
    const { clientWidth: width, clientHeight: height } = this.area;
    const [mostX, mostY] = [((scale - 1) * width) / 2, ((scale - 1) * height) / 2];
    this.scale = scale;
    this.#x = Math.min(mostX, Math.max(-mostX, x));
    this.#y = Math.min(mostY, Math.max(-mostY, y));
    for (const [name, value] of Object.entries({ "--zoom": scale, "--x": `${this.#x}px`, "--y": `${this.#y}px` })) this.area.style.setProperty(name, String(value));
    this.area.classList.toggle("zoomed", scale > 1);
  }

  #turnWheel(event) {
    if (this.isOff() || !(this.takesWheel || event.ctrlKey || event.metaKey || this.scale > 1)) return;
    event.preventDefault();
    const way = event.deltaMode ? 30 * event.deltaY : event.deltaY;
    this.zoomBy(Math.exp(-way * (event.ctrlKey ? 4 : 1) * WHEEL), event.clientX, event.clientY);
  }

  #press(event) {
    if (this.isOff() || event.target.closest("button, a, [role=slider]") || event.button > 0) return;
    if (!this.#fingers.size) this.#way = 0;
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.scale > 1 || this.#fingers.size > 1) this.area.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    this.#way += Math.hypot(now.x - before.x, now.y - before.y);
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.#show(this.scale, this.#x + (now.x - before.x) / 2, this.#y + (now.y - before.y) / 2);
      this.zoomBy(Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y)), middle.x, middle.y);
    } else if (this.scale > 1) this.#show(this.scale, this.#x + now.x - before.x, this.#y + now.y - before.y);
    this.#fingers.set(event.pointerId, now);
  }

  #lift(event) {
    if (!this.#fingers.delete(event.pointerId) || this.#fingers.size || event.type === "pointercancel") return;
    if (this.#way > TAP_WAY) return;
    const { at, x, y } = this.#lastTap;
    const isDouble = event.timeStamp - at < TAP_MS && Math.hypot(event.clientX - x, event.clientY - y) < TAP_WAY;
    this.#lastTap = { at: isDouble ? -Infinity : event.timeStamp, x: event.clientX, y: event.clientY };
    if (!isDouble) return;
    if (this.scale > 1) this.reset();
    else this.zoomBy(DOUBLE, event.clientX, event.clientY);
  }
}
