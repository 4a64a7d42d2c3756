// The styles that are worn as one bar: each has its share, handles between them move by mouse, finger and keys.
import { make, takeTouches } from "./dom.js";
import { say } from "./words.js";

const LEAST = 0.05; // share that a style keeps while its neighbour is dragged
const STEP = 0.05, LARGE_STEP = 0.2;
const KEYS = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -LARGE_STEP, PageUp: LARGE_STEP, Home: -1, End: 1 };

/** MixBar shows a mix and lets a person change it. */
export class MixBar {
  /** @type {import("./styles.js").Mix} */
  #mix = [];
  #built = ""; // the ids and names that the segments were built for
  /** @type {HTMLElement[]} */
  #segments = [];
  /** @type {HTMLElement[]} */
  #handles = [];

  /** @param {{ nameOf: (id: string) => string, onChange: (mix: import("./styles.js").Mix) => void, onRemove: (id: string) => void }} options */
  constructor({ nameOf, onChange, onRemove }) {
    this.node = make("div.mix-bar", { role: "group", "aria-label": say("Styles that are worn") });
    this.nameOf = nameOf;
    this.onChange = onChange;
    this.onRemove = onRemove;
  }

  /** Show a mix. */
  show(/** @type {import("./styles.js").Mix} */ mix) {
    const built = JSON.stringify(mix.map(([id]) => [id, this.nameOf(id)])); // a style may be renamed
    this.#mix = /** @type {import("./styles.js").Mix} */ (mix.map((part) => [...part]));
    if (built !== this.#built) this.#build();
    this.#built = built;
    this.#paint();
  }

  #build() {
    this.#segments = this.#mix.map(([id]) => {
      const name = this.nameOf(id);
      const remove = make("button.take-out", { type: "button", title: say("Take {name} out", { name }), "aria-label": say("Take {name} out", { name }), onclick: () => this.onRemove(id) }, "×");
      return make("div.mix-part", { "data-style": id }, make("span.mix-name", {}, name), make("span.mix-share", {}), remove);
    });
    this.#handles = this.#mix.slice(1).map((_, place) => this.#buildHandle(place));
    this.node.replaceChildren(...this.#segments.flatMap((segment, place) => (place ? [this.#handles[place - 1], segment] : [segment])));
  }
  #buildHandle(place) {
    const names = { one: this.nameOf(this.#mix[place][0]), other: this.nameOf(this.#mix[place + 1][0]) };
    const handle = make("div.mix-handle", { role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": say("Between {one} and {other}", names) });
    handle.addEventListener("pointerdown", (event) => this.#begin(event, place));
    takeTouches(handle);
    handle.addEventListener("keydown", (event) => this.#pressKey(event, place));
    return handle;
  }
  #paint() {
    this.#mix.forEach(([, weight], place) => {
      this.#segments[place].style.flexGrow = String(weight);
      const written = this.#mix.length > 1 ? `${Math.round(100 * weight)} %` : "";
      /** @type {HTMLElement} */ (this.#segments[place].querySelector(".mix-share")).textContent = written;
    });
    this.#handles.forEach((handle, place) => {
      const [[one, first], [other, second]] = [this.#mix[place], this.#mix[place + 1]];
      handle.setAttribute("aria-valuenow", String(Math.round((100 * first) / (first + second))));
      handle.setAttribute("aria-valuetext", `${this.nameOf(one)} ${Math.round(100 * first)} %, ${this.nameOf(other)} ${Math.round(100 * second)} %`);
    });
  }

  /** Drag a handle from where it was grabbed. */
  #begin(event, place) {
    event.preventDefault();
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    const from = event.clientX, first = this.#mix[place][1], width = this.node.getBoundingClientRect().width;
    const move = (moved) => this.#setShare(place, first + (moved.clientX - from) / width);
    const end = () => {
      handle.removeEventListener("pointermove", move);
      if (this.#mix[place]?.[1] !== first) this.onChange(this.#mix);
    };
    handle.addEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) handle.addEventListener(kind, end, { once: true });
  }
  #pressKey(event, place) {
    const step = KEYS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#setShare(place, this.#mix[place][1] + step);
    this.onChange(this.#mix);
  }
  /** Give a style a share that its right neighbour pays for. */
  #setShare(place, wanted) {
    const both = this.#mix[place][1] + this.#mix[place + 1][1];
    const least = Math.min(LEAST, both / 2);
    this.#mix[place][1] = Math.min(both - least, Math.max(least, wanted));
    this.#mix[place + 1][1] = both - this.#mix[place][1];
    this.#paint();
  }
}
