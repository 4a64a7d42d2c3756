// The download of files that something asks for: what is missing, how far it came, start, stop and go on.
import { make } from "./dom.js";
import { say, translate } from "./words.js";

const IN_UNITS = /(?<=\d) (?=[MG]B\b)/g; // the space between a number and its unit, where no line may end

/**
 * Make the place where a download is told and steered; it is hidden while nothing is missing.
 * @param {() => void} start @param {() => void} stop
 */
export function makeDownload(start, stop) {
  const told = make("p", { role: "status" });
  const bar = /** @type {HTMLProgressElement} */ (make("progress", { max: 1, hidden: true, "aria-label": say("Download") }));
  const begin = /** @type {HTMLButtonElement} */ (make("button.quiet", { type: "button", hidden: true, onclick: () => { begin.disabled = true; start(); } }));
  const end = /** @type {HTMLButtonElement} */ (make("button.quiet", { type: "button", hidden: true, onclick: () => { end.disabled = true; stop(); } }, say("Stop the download")));
  const element = make("div.part-download", { hidden: true }, told, bar, make("div.part-buttons", {}, begin, end));
  return { element, show };

  /** Show how the download stands. @param {{ told: string[], fraction: number | null, start: string, may_stop: boolean } | undefined} state */
  function show(state) {
    element.hidden = !state;
    const words = (state?.told ?? []).map(translate).join(" ").replace(IN_UNITS, "\u00a0");
    if (told.textContent !== words) told.textContent = words;
    bar.hidden = typeof state?.fraction !== "number";
    bar.value = state?.fraction ?? 0;
    const hadFocus = [begin, end].includes(/** @type {any} */ (document.activeElement));
    begin.hidden = !state?.start;
    begin.textContent = translate(state?.start ?? "");
    end.hidden = !state?.may_stop;
    begin.disabled = end.disabled = false;
    if (hadFocus) [begin, end].find((button) => !button.hidden)?.focus();
  }
}
