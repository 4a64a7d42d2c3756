// Tell what hands do above the sheet: one finger, a pen or a mouse draws; two fingers move and zoom; a palm rests.
import { takeTouches } from "./dom.js";

const PEN_TIP = 1, PEN_ERASER_END = 32, MIDDLE = 4; // PointerEvent.buttons
const PALM_MS = 500; // a touch that begins this soon after the pen was seen is the hand that holds it
const YOUNG_MS = 250, YOUNG_PX = 16; // until then a second finger takes back the first one's stroke
const TAP_MS = 350, TAP_PX = 10; // a tap is shorter and moves less
const AGAIN_MS = 300, AGAIN_PX = 28; // the second tap of two
const WHEEL = 0.0016; // zoom for each px of the wheel

/**
 * @typedef {object} Actions
 * @property {(event: PointerEvent, isEraserEnd: boolean) => void} begin
 * @property {(event: PointerEvent) => void} move
 * @property {(event: PointerEvent) => void} end
 * @property {() => void} cancel
 * @property {(event: PointerEvent | null) => void} hover a mouse or a pen above the sheet, or none any more
 * @property {(fingers: number) => void} tap
 * @property {() => void} tapTwice one finger, twice at the same place, while the sheet is zoomed
 */

/** Hands listens to a sheet's frame. */
export class Hands {
  #penSeen = -Infinity; // ms, when a pen last touched the sheet or moved above it
  /** @type {{ pointer: number, kind: string, since: number, x: number, y: number, moved: number } | null} */
  #drawer = null;
  /** @type {Map<number, { x: number, y: number }>} the fingers on the sheet */
  #fingers = new Map();
  /** @type {{ since: number, count: number, moved: number, middle: number[], spread: number } | null} */
  #pinch = null;
  /** @type {number | null} the pointer that drags the sheet */
  #dragger = null;
  #isSpaceDown = false;
  #lastTap = { at: -Infinity, x: 0, y: 0 };

  /**
   * @param {HTMLElement} frame
   * @param {HTMLElement} surface what captures the pointers
   * @param {import("./view.js").View} view
   * @param {Actions} actions
   */
  constructor(frame, surface, view, actions) {
    this.frame = frame;
    this.surface = surface;
    this.view = view;
    this.actions = actions;
    frame.addEventListener("pointerdown", (event) => this.#press(event));
    frame.addEventListener("pointermove", (event) => this.#move(event));
    frame.addEventListener("pointerup", (event) => this.#lift(event, false));
    frame.addEventListener("pointercancel", (event) => this.#lift(event, true));
    frame.addEventListener("pointerleave", () => this.actions.hover(null));
    frame.addEventListener("contextmenu", (event) => event.preventDefault());
    frame.addEventListener("wheel", (event) => this.#roll(event), { passive: false });
    takeTouches(surface);
    document.addEventListener("keydown", (event) => this.#hold(event));
    document.addEventListener("keyup", (event) => event.key === " " && this.#holdSpace(false));
  }

  /** @param {PointerEvent} event */
  #press(event) {
    this.#notePen(event);
    if (this.#isPalm(event)) return;
    if (event.pointerType === "touch" && this.#addFinger(event)) return;
    if (event.pointerType === "pen") this.#forgetFingers();
    if (this.#isSpaceDown || event.buttons & MIDDLE) return this.#beginDrag(event);
    if (!(event.buttons & (PEN_TIP | PEN_ERASER_END))) return;
    if (this.#drawer && !(event.pointerType === "pen" && this.#drawer.kind === "touch")) return;
    this.#capture(event);
    this.#drawer = { pointer: event.pointerId, kind: event.pointerType, since: event.timeStamp, x: event.clientX, y: event.clientY, moved: 0 };
    this.actions.begin(event, Boolean(event.buttons & PEN_ERASER_END));
  }

  /** Take up a finger; return true when it is not the first, and so draws nothing. */
  #addFinger(event) {
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.#pinch) {
      this.#pinch.count = Math.max(this.#pinch.count, this.#fingers.size);
      Object.assign(this.#pinch, this.#measureFingers());
      return true;
    }
    const drawer = this.#drawer;
    if (this.#fingers.size < 2 || drawer?.kind !== "touch") return false;
    if (event.timeStamp - drawer.since > YOUNG_MS && drawer.moved > YOUNG_PX) return true;
    this.#drawer = null;
    this.actions.cancel();
    this.#capture(event);
    this.#pinch = { since: drawer.since, count: 2, moved: 0, ...this.#measureFingers() };
    return true;
  }

  #forgetFingers() {
    this.#fingers.clear();
    this.#pinch = null;
  }

  #measureFingers() {
    const [first, second = first] = this.#fingers.values();
    return { middle: [(first.x + second.x) / 2, (first.y + second.y) / 2], spread: Math.hypot(first.x - second.x, first.y - second.y) };
  }

  #beginDrag(event) {
    this.#capture(event);
    this.#dragger = event.pointerId;
    this.#lastTap = { at: -Infinity, x: event.clientX, y: event.clientY };
    this.frame.classList.add("dragging");
  }

  #capture(event) {
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); // the keys for undo belong to the drawing now
    this.surface.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    this.#notePen(event);
    const finger = this.#fingers.get(event.pointerId);
    if (this.#pinch && finger) return this.#movePinch(this.#pinch, finger, event);
    if (finger) [finger.x, finger.y] = [event.clientX, event.clientY];
    if (this.#dragger === event.pointerId) return this.view.moveBy(...this.#measureDrag(event));
    const drawer = this.#drawer;
    if (event.pointerType !== "touch") this.actions.hover(event);
    if (drawer?.pointer !== event.pointerId) return;
    drawer.moved = Math.max(drawer.moved, Math.hypot(event.clientX - drawer.x, event.clientY - drawer.y));
    this.actions.move(event);
  }

  /** @returns {[number, number]} */
  #measureDrag(event) {
    const { x, y } = this.#lastTap;
    this.#lastTap = { at: -Infinity, x: event.clientX, y: event.clientY };
    return [event.clientX - x, event.clientY - y];
  }

  #movePinch(pinch, finger, event) {
    [finger.x, finger.y] = [event.clientX, event.clientY];
    const { middle, spread } = this.#measureFingers();
    const shift = [middle[0] - pinch.middle[0], middle[1] - pinch.middle[1]];
    if (pinch.moved < TAP_PX) {
      pinch.moved = Math.max(pinch.moved, Math.hypot(...shift), Math.abs(spread - pinch.spread));
      if (pinch.moved < TAP_PX) return;
    }
    this.view.moveBy(shift[0], shift[1]);
    if (this.#fingers.size > 1 && pinch.spread) this.view.zoomAt(middle[0], middle[1], spread / pinch.spread);
    Object.assign(pinch, { middle, spread });
  }

  /** @param {PointerEvent} event */
  #lift(event, isTakenAway) {
    this.#notePen(event);
    this.#fingers.delete(event.pointerId);
    if (this.#pinch) return this.#liftFinger(this.#pinch, event);
    if (this.#dragger === event.pointerId) {
      this.#dragger = null;
      this.frame.classList.remove("dragging");
    }
    const drawer = this.#drawer;
    if (drawer?.pointer !== event.pointerId) return;
    this.#drawer = null;
    // the system took a touch for a palm or a gesture of its own: nothing was drawn
    if (isTakenAway && drawer.kind === "touch") return this.actions.cancel();
    this.actions.end(event);
    if (drawer.kind === "touch" && drawer.moved < TAP_PX && event.timeStamp - drawer.since < TAP_MS) this.#noteTap(event);
  }

  #liftFinger(pinch, event) {
    if (this.#fingers.size) return void Object.assign(pinch, this.#measureFingers());
    this.#pinch = null;
    if (pinch.moved < TAP_PX && event.timeStamp - pinch.since < TAP_MS) this.actions.tap(pinch.count);
  }

  #noteTap(event) {
    const { at, x, y } = this.#lastTap;
    const isSecond = event.timeStamp - at < AGAIN_MS && Math.hypot(event.clientX - x, event.clientY - y) < AGAIN_PX;
    this.#lastTap = { at: isSecond ? -Infinity : event.timeStamp, x: event.clientX, y: event.clientY };
    if (isSecond && !this.view.isFitted) this.actions.tapTwice();
  }

  /** Tell whether a touch is the hand that holds the pen. */
  #isPalm(event) {
    return event.pointerType === "touch" && event.timeStamp - this.#penSeen < PALM_MS;
  }

  #notePen(event) {
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
  }

  /** Zoom with the wheel: with Ctrl always, without once the sheet is zoomed, or the page could not be scrolled. */
  #roll(event) {
    if (!event.ctrlKey && !event.metaKey && this.view.isFitted) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    const speed = event.ctrlKey && Math.abs(event.deltaY) < 40 ? 5 * WHEEL : WHEEL; // fingers on a trackpad send small steps
    this.view.zoomAt(event.clientX, event.clientY, Math.exp(-event.deltaY * unit * speed));
  }

  /** Let Space drag the sheet while the mouse is over it, unless a part reached by Tab has the keys. */
  #hold(event) {
    if (event.key !== " " || !this.frame.matches(":hover") || document.activeElement?.matches(":focus-visible")) return;
    event.preventDefault();
    this.#holdSpace(true);
  }

  #holdSpace(isDown) {
    this.#isSpaceDown = isDown;
    this.frame.classList.toggle("grabbing", isDown);
  }
}
