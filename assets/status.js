// How far the models are, and panels that open and close.
import { make } from "./dom.js";
import { say, translate } from "./words.js";

/** Build the status: how far the models are. */
export function mountStatus({ element, props, watch }) {
  /** @type {string | null} */
  let usual = null; // what is ready from the beginning needs no word; what takes over later does
  let hasChanged = false;
  watch("value", paintStatus);
  paintStatus();

  function paintStatus() {
    const { stage = say("Waking up"), fraction = 0, ready = false, error = null } = props.value ?? {};
    element.dataset.ready = ready;
    element.dataset.failed = Boolean(error);
    if (ready) usual ??= stage;
    hasChanged ||= ready && stage !== usual;
    element.replaceChildren(make("span.dot", { "aria-hidden": true }), make("span", { role: "status" }, error ?? (ready ? (hasChanged ? stage : "") : say("{stage}… {percent} %", { stage: translate(stage), percent: Math.round(fraction * 100) }))));
  }
}
