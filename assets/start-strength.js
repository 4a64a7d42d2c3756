// The slider that says how far the next picture, or a part of it, goes from the one that it starts from.
import { make } from "./dom.js";
import { say } from "./words.js";

const LEAST = 0.05, STEP = 0.05;
const NUMBER = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/**
 * Build the slider.
 * @param {number} value above 0, at most 1
 * @param {(value: number) => void} [onChange] called when a hand has chosen
 * @returns {{ node: HTMLElement, read: () => number, show: (value: number) => void }}
 */
export function makeStartStrength(value, onChange = () => {}) {
  const meaning = say("Strength: how far it goes from this picture");
  const number = make("output", {});
  const slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: LEAST, max: 1, step: STEP, "aria-label": meaning, oninput: paint, onchange: () => onChange(read()) }));
  const node = make("label.start-strength", { title: meaning }, make("span", {}, say("Strength")), slider, number);
  const read = () => Number(slider.value);
  function paint() {
    number.textContent = NUMBER.format(read());
    slider.setAttribute("aria-valuetext", number.textContent);
  }
  function show(wanted) {
    slider.value = String(wanted);
    paint();
  }
  show(value);
  return { node, read, show };
}
