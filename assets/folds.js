// Panels that open and close.
import { make, prefersReducedMotion } from "./dom.js";
import { translate } from "./words.js";

/** Build the title of a panel that opens and closes. */
export function mountFold({ element, props }) {
  const panel = element.closest(".fold");
  const button = make("button.fold-button", { type: "button", "aria-expanded": false, "aria-controls": `${panel.id}-body`, onclick: () => {
    button.setAttribute("aria-expanded", panel.classList.toggle("open"));
    const body = document.getElementById(`${panel.id}-body`);
    if (panel.classList.contains("open")) body?.scrollIntoView({ block: "nearest", behavior: prefersReducedMotion() ? "auto" : "smooth" });
  } }, translate(props.value));
  element.append(make("h2", {}, button));
}
