// How strongly the picture wears its style, in words: the same number as in Settings.
import { findElement, make, typeInto } from "./dom.js";
import { say } from "./words.js";

const STEPS = [0.2, 0.4, 0.6, 0.8, 1];

/**
 * Build the slider from a hint to full.
 * @param {() => void} onChange called when the person has chosen
 */
export function buildStrength(onChange) {
  const names = [say("a hint"), say("a little"), say("half"), say("strong"), say("full")];
  const word = make("span.strength-word", { "aria-hidden": true });
  const slider = make("input", { type: "range", min: 0, max: STEPS.length - 1, step: 1, "aria-label": say("How strongly the style is worn"), oninput: () => choose(), onchange: onChange });
  const node = make("label.strength", {}, slider, word);

  /** @returns {HTMLInputElement} */
  const findNumber = () => findElement("#ip_adapter_scale input[type=number]");
  function choose() {
    typeInto(findNumber(), String(STEPS[Number(slider.value)]));
    findNumber().dispatchEvent(new Event("change", { bubbles: true }));
    paint();
  }
  function paint() {
    word.textContent = names[Number(slider.value)];
    slider.setAttribute("aria-valuetext", names[Number(slider.value)]);
  }
  /** Show what Settings say. */
  function show() {
    const number = Number(document.querySelector("#ip_adapter_scale input[type=number]") ? findNumber().value : 1);
    const distances = STEPS.map((step) => Math.abs(step - number));
    slider.value = String(distances.indexOf(Math.min(...distances)));
    paint();
  }
  show();
  return { node, show };
}
