// Progress: a bar, a note with the time left, and the same read aloud, not too often.
import { make } from "./dom.js";
import { say, translate } from "./words.js";

const NOTE_FROM = 1000; // ms; what takes less gets no time left
const SPOKEN_EVERY = 5000; // ms

/** Of a picture in two passes `share` is how much of all the work is done; `second` tells of the second pass.
 * @typedef {{ state: string, step?: number, of?: number, message?: string, share?: number, second?: boolean }} Shown */

/** Progress shows how far a run is. */
export class Progress {
  #began = 0; // ms, the run
  #firstStep = { at: 0, share: 0 };
  #spokenAt = -Infinity;

  constructor() {
    this.bar = make("div.progress", { role: "progressbar", "aria-label": say("Progress"), "aria-valuemin": 0, "aria-valuemax": 100 });
    this.note = make("p.said");
    this.spoken = make("p.unseen", { role: "status" });
  }

  /** Show a run's state: "waiting" and "drawing" are under way, all others are its end. @param {Shown} shown */
  show(shown) {
    const { state, step = 0, of = 1, share = step / of } = shown;
    const percent = state === "done" ? 100 : state === "drawing" ? Math.round(100 * share) : 0;
    this.bar.style.setProperty("--done", `${percent}%`);
    this.bar.setAttribute("aria-valuenow", String(percent));
    this.bar.classList.toggle("endless", state === "waiting");
    this.note.textContent = this.#describe(shown);
    this.#speak(shown);
  }

  #describe({ state, step = 0, of = 1, share = step / of, second = false, message = "" }) {
    const now = performance.now();
    if (state === "waiting") {
      this.#began ||= now;
      this.#firstStep = { at: 0, share: 0 };
      return message;
    }
    if (state !== "drawing") {
      this.#began = 0;
      return "";
    }
    if (!this.#firstStep.at || share <= this.#firstStep.share) this.#firstStep = { at: now, share };
    const done = share - this.#firstStep.share;
    const left = done > 0 ? ((now - this.#firstStep.at) * (1 - share)) / done : 0;
    if (now - this.#began + left < NOTE_FROM || done === 0) return say(second ? "Second pass: step {step} of {of}" : "Step {step} of {of}", { step, of });
    const told = { step, of, time: describeSeconds(left / 1000) };
    return say(second ? "Second pass: step {step} of {of}, {time} left" : "Step {step} of {of}, {time} left", told);
  }

  #speak({ state, message = "" }) {
    const isUnderWay = state === "waiting" || state === "drawing";
    if (isUnderWay && performance.now() - this.#spokenAt < SPOKEN_EVERY) return;
    this.#spokenAt = isUnderWay ? performance.now() : -Infinity;
    this.spoken.textContent = isUnderWay ? this.note.textContent : state === "done" ? say("The picture is there. {message}", { message: translate(message) }) : "";
  }
}

/** Describe a time, rounded as one plans with it. */
export function describeSeconds(seconds) {
  if (seconds < 90) return say("{number} s", { number: Math.max(1, Math.round(seconds)) });
  return say("{number} min", { number: Math.round(seconds / 60) });
}
