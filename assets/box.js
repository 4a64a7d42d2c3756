// A box around something on the sheet, by which it is moved and scaled: by mouse, finger, pen and keys.
import { make, makeIcon, takeTouches } from "./dom.js";
import { say } from "./words.js";

const LEAST_SIDE = 6; // canvas px that a scaled thing keeps
const STEP = 8, SMALL_STEP = 1; // canvas px that an arrow key moves
const GROW = 1.1; // the factor of one press of + or -
const CORNERS = ["top left", "top right", "bottom right", "bottom left"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STAYS = { scale: 1, x: 0, y: 0 };

/** @typedef {import("./marks.js").Change} Change */
/** @typedef {{ name: string, icon: string, label: string, onclick: () => void }} BoxButton */

/** Box shows what is held, and tells how it is moved and scaled. */
export class Box {
  /** @type {number[] | null} left, top, right, bottom in canvas px */
  #bounds = null;
  /** @type {{ pointer: number, corner: number, from: number[] } | null} */
  #drag = null;
  /** @type {Change} */
  #change = STAYS;

  /**
   * @param {import("./view.js").View} view
   * @param {{ label: string, buttons: BoxButton[], onShow: (change: Change) => void, onDone: (change: Change) => void, onKey?: (event: KeyboardEvent) => boolean }} actions
   */
  constructor(view, { label, buttons, onShow, onDone, onKey }) {
    this.view = view;
    this.onShow = onShow;
    this.onDone = onDone;
    this.onKey = onKey;
    this.corners = CORNERS.map((name) => make("span.corner", { "aria-hidden": true, "data-corner": name }));
    this.row = make("div.box-tools", { role: "toolbar", "aria-label": label }, ...buttons.map(({ name, icon, label: title, onclick }) =>
      make(`button.tool.${name}`, { type: "button", title, "aria-label": title, onclick }, makeIcon(icon))));
    this.held = make("div.held", { tabindex: 0, role: "group", "aria-label": label }, ...this.corners);
    this.node = make("div.box", { hidden: true }, this.held, this.row);
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) this.node.addEventListener(kind, (event) => event.stopPropagation());
    this.held.addEventListener("pointerdown", (event) => this.#press(event));
    this.held.addEventListener("pointermove", (event) => this.#move(event));
    for (const kind of ["pointerup", "pointercancel"]) this.held.addEventListener(kind, (event) => this.#lift(event));
    this.held.addEventListener("keydown", (event) => this.#pressKey(event));
    takeTouches(this.held);
  }

  /** Lay the box around bounds of the sheet, or take it away. */
  show(bounds) {
    this.#bounds = bounds;
    this.#change = STAYS;
    this.node.hidden = !bounds;
    this.follow();
  }

  /** Take the keys: arrows, + and -. */
  focus() {
    this.held.focus({ preventScroll: true });
  }

  /** Lie where the sheet is seen now. */
  follow() {
    if (!this.#bounds) return;
    const { scale, x, y } = this.#change;
    const [left, top, right, bottom] = this.#bounds.map((part, n) => part * scale + (n % 2 ? y : x));
    const spots = [this.view.findSpot(left, top), this.view.findSpot(right, bottom)];
    const [across, down] = [0, 1].map((axis) => spots.map((spot) => spot[axis]).sort((a, b) => a - b));
    const { clientWidth, clientHeight } = this.view.frame;
    this.node.style.transform = `translate(${across[0]}px, ${down[0]}px)`;
    this.held.style.width = `${Math.max(1, across[1] - across[0])}px`;
    this.held.style.height = `${Math.max(1, down[1] - down[0])}px`;
    // the buttons stay within the frame: above the box, else below, else inside
    const above = down[0] > 60 ? -54 : down[1] < clientHeight - 60 ? down[1] - down[0] + 10 : 60 - down[0];
    this.row.style.transform = `translate(${Math.min(Math.max(0, -across[0]) + 6, clientWidth - across[0] - 104)}px, ${above}px)`;
  }

  #press(event) {
    if (!event.isPrimary || !event.buttons) return;
    event.preventDefault();
    this.focus();
    this.held.setPointerCapture(event.pointerId);
    const corner = CORNERS.indexOf(event.target.dataset.corner);
    this.#drag = { pointer: event.pointerId, corner, from: this.view.findPlace(event.clientX, event.clientY) };
  }

  #move(event) {
    if (!this.#drag || this.#drag.pointer !== event.pointerId) return;
    const { corner, from } = this.#drag;
    const place = this.view.findPlace(event.clientX, event.clientY);
    this.#show(corner < 0 ? { scale: 1, x: place[0] - from[0], y: place[1] - from[1] } : this.#scaleFrom(corner, from, place));
  }

  /** Scale about the corner that lies opposite. In a mirror left and right are exchanged. */
  #scaleFrom(corner, from, place) {
    const [left, top, right, bottom] = this.#bounds ?? [0, 0, 1, 1];
    const isLeft = (corner === 0 || corner === 3) !== this.view.isMirrored;
    const fixed = [isLeft ? right : left, corner < 2 ? bottom : top];
    const along = [from[0] - fixed[0], from[1] - fixed[1]];
    const scale = ((place[0] - fixed[0]) * along[0] + (place[1] - fixed[1]) * along[1]) / (along[0] ** 2 + along[1] ** 2);
    return this.#scaleAbout(fixed, scale);
  }

  #scaleAbout(fixed, scale) {
    const [left, top, right, bottom] = this.#bounds ?? [0, 0, 1, 1];
    const real = Math.min(20, Math.max(scale, LEAST_SIDE / Math.max(right - left, bottom - top)));
    return { scale: real, x: fixed[0] * (1 - real), y: fixed[1] * (1 - real) };
  }

  #show(change) {
    this.#change = change;
    this.follow();
    this.onShow(change);
  }

  #lift(event) {
    if (this.#drag?.pointer !== event.pointerId) return;
    this.#drag = null;
    this.#done();
  }

  #done() {
    const change = this.#change;
    if (change.scale === 1 && !change.x && !change.y) return;
    this.#change = STAYS;
    this.onDone(change);
  }

  #pressKey(event) {
    const arrow = ARROWS[event.key];
    const grow = { "+": GROW, "=": GROW, "-": 1 / GROW }[event.key];
    const [left, top, right, bottom] = this.#bounds ?? [0, 0, 1, 1];
    const step = event.shiftKey ? SMALL_STEP : STEP;
    if (arrow && !event.ctrlKey && !event.metaKey) this.#show({ scale: 1, x: arrow[0] * step * (this.view.isMirrored ? -1 : 1), y: arrow[1] * step });
    else if (grow && !event.ctrlKey && !event.metaKey) this.#show(this.#scaleAbout([(left + right) / 2, (top + bottom) / 2], grow));
    else if (!this.onKey?.(event)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#done();
  }
}
