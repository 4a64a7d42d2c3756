// The colours and the width under the sheet.
import { INK } from "./drawing.js";
import { make, makeIcon } from "./dom.js";
import { say } from "./words.js";

const COLORS = [
  [INK, say("Black")], ["#d9452f", say("Red")], ["#f08a2c", say("Orange")], ["#f7cf46", say("Yellow")],
  ["#a3c94b", say("Light green")], ["#3f8f52", say("Green")], ["#84c9ea", say("Light blue")], ["#2f6fc4", say("Blue")],
  ["#7d52a8", say("Purple")], ["#f093b4", say("Pink")], ["#8a5a36", say("Brown")], ["#f3c9a5", say("Skin")],
  ["#9a9a98", say("Grey")], ["#ffffff", say("White")],
];
const KEPT_COLORS = 4; // recent ones that are none of COLORS
const KEPT_UNDER = "croquis-colours"; // in localStorage

/** Palette is the bar of colours, recent ones among them, and of the width. */
export class Palette {
  #recent = readRecent();

  /** @param {{ onColor: (color: string) => void, onSize: (size: number) => void, onPick: () => void }} actions */
  constructor({ onColor, onSize, onPick }) {
    this.onColor = onColor;
    this.onSize = onSize;
    this.swatches = COLORS.map(([color, name]) => makeSwatch(color, name, () => onColor(color)));
    this.recent = make("span.recent");
    this.picker = make("input", { type: "color", "aria-label": say("Another colour"), title: say("Another colour"), onchange: () => onColor(this.picker.value) });
    this.dropper = make("button.swatch.dropper", { type: "button", title: say("Pick a colour from the sheet (I, or Alt and a click)"), "aria-label": say("Pick a colour"), onclick: onPick }, makeIcon("dropper"));
    this.size = make("input", { type: "range", min: 2, max: 72, step: 1, "aria-label": say("Width"), title: `${say("Width")}  [ ]`, oninput: () => this.changeSize(0) });
    this.dot = make("span.dot", { "aria-hidden": true });
    this.width = make("span.width", {}, this.dot, this.size);
    this.node = make("div.bar", { role: "group", "aria-label": say("Colours and width. Your colours count: what you paint keeps its colour.") },
      make("div.palette", {}, ...this.swatches, make("span.swatch.other", {}, this.picker), this.dropper, this.recent), this.width);
  }

  /** Show a tool's colour and width; `size` is undefined where it has none. */
  show({ color, size, isEraser, isPicking }) {
    this.recent.replaceChildren(...this.#recent.map((one) => makeSwatch(one, say("Recent colour {color}", { color: one }), () => this.onColor(one))));
    for (const swatch of [...this.swatches, ...this.recent.children]) swatch.setAttribute("aria-pressed", swatch.dataset.color === color);
    this.dropper.setAttribute("aria-pressed", isPicking);
    this.picker.value = color;
    this.dot.style.setProperty("--color", isEraser ? "#ffffff" : color);
    this.width.classList.toggle("unused", size === undefined);
    if (size === undefined) return;
    this.size.value = size;
    this.dot.style.setProperty("--dot", `${Math.min(26, Math.max(3, size / 2))}px`);
  }

  /** Keep a colour among the recent ones, unless it is always there. */
  keepColor(color) {
    if (COLORS.some(([known]) => known === color)) return;
    this.#recent = [color, ...this.#recent.filter((one) => one !== color)].slice(0, KEPT_COLORS);
    try {
      localStorage.setItem(KEPT_UNDER, JSON.stringify(this.#recent));
    } catch {
      // a browser that keeps nothing forgets them with the page
    }
  }

  changeSize(by) {
    if (this.width.classList.contains("unused")) return;
    this.size.value = Number(this.size.value) + by;
    this.onSize(Number(this.size.value));
  }
}

/** Read the recent colours of the last visit. @returns {string[]} */
function readRecent() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT_UNDER) ?? "[]");
    return Array.isArray(kept) ? kept.filter((color) => /^#[0-9a-f]{6}$/.test(color)).slice(0, KEPT_COLORS) : [];
  } catch {
    return [];
  }
}

/** Make the button of one colour. */
function makeSwatch(color, name, onclick) {
  return make("button.swatch", { type: "button", title: name, "aria-label": name, "data-color": color, style: `--color: ${color}`, onclick });
}
