// Compare a drawing and its picture: the drawing lies over the picture as far as a handle, which is dragged.
import { make, takeTouches } from "./dom.js";
import { say } from "./words.js";

const KEYS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };

/** Compare is the drawing over the picture, left of a handle. */
export class Compare {
  #at = 50; // percent of the width that the drawing covers
  #pointer = -1;

  /** @param {() => void} onClose called when Escape closes it */
  constructor(onClose = () => {}) {
    this.drawing = make("img", { alt: "" });
    this.handle = make("div.compare-handle", {
      role: "slider", tabindex: 0, "aria-label": say("How much of the drawing is seen over the picture"),
      "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuetext": "", onkeydown: (event) => this.#pressKey(event),
    });
    this.node = make("div.compare", { hidden: true }, make("div.compare-drawing", {}, this.drawing), this.handle);
    this.onClose = onClose;
    this.node.addEventListener("pointerdown", (event) => this.#press(event));
    this.node.addEventListener("pointermove", (event) => event.pointerId === this.#pointer && this.#follow(event));
    for (const kind of ["pointerup", "pointercancel"]) this.node.addEventListener(kind, () => (this.#pointer = -1));
    takeTouches(this.node);
    this.#move(50);
  }

  get isOpen() { return !this.node.hidden; }

  /** Lay a drawing over the picture. @param {string} source its address */
  open(source) {
    this.drawing.src = source;
    this.node.hidden = false;
    this.#move(50);
  }
  close() { this.node.hidden = true; }

  #press(event) {
    if (event.button > 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#pointer = event.pointerId;
    this.node.setPointerCapture(event.pointerId);
    this.handle.focus({ preventScroll: true });
    this.#follow(event);
  }
  #follow({ clientX }) {
    const box = this.node.getBoundingClientRect();
    this.#move((100 * (clientX - box.left)) / box.width);
  }
  #pressKey(event) {
    if (event.key === "Escape") {
      this.close();
      this.onClose();
    } else if (event.key in KEYS) this.#move(this.#at + KEYS[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  #move(at) {
    this.#at = Math.min(100, Math.max(0, at));
    this.node.style.setProperty("--at", `${this.#at}%`);
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.#at)));
    this.handle.setAttribute("aria-valuetext", say("{number} % drawing", { number: Math.round(this.#at) }));
  }
}
