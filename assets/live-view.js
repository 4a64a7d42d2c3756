// What is seen of live drawing: its picture over the finished one, the switch on its corner, how long a frame took.
import { make } from "./dom.js";
import { say } from "./words.js";

const SAID = 6_000; // ms for which a line stays

/** LiveView is the live picture and its switch; both lie in the picture's frame. */
export class LiveView {
  isOn = false;
  #saying = 0;
  #painting = 0;

  /** @param {(isOn: boolean) => void} onSwitch is called when a person chose */
  constructor(onSwitch) {
    this.picture = /** @type {HTMLCanvasElement} */ (make("canvas.live-picture", { role: "img", "aria-label": say("The picture so far"), hidden: true }));
    this.time = make("span.live-time", { "aria-hidden": true });
    this.button = make("button.live-switch", { type: "button", role: "switch", "aria-checked": "false", title: say("Live: the picture follows while you draw"), onclick: () => onSwitch(!this.isOn) }, make("span.live-dot", { "aria-hidden": true }), say("Live"), this.time);
    this.line = make("p.live-line", { role: "status", hidden: true });
    this.context = /** @type {ImageBitmapRenderingContext} */ (this.picture.getContext("bitmaprenderer"));
  }

  get isShown() { return !this.picture.hidden; }

  /** Lie in this frame from now on. */
  enter(frame) {
    frame.append(this.picture, this.button, this.line);
  }

  setOn(isOn) {
    this.isOn = isOn;
    this.button.setAttribute("aria-checked", String(isOn));
    if (!isOn) this.time.textContent = "";
  }

  /** Show a picture, and how long it took to come. */
  show(bitmap, milliseconds) {
    this.line.hidden = true;
    cancelAnimationFrame(this.#painting);
    this.#painting = requestAnimationFrame(() => {
      Object.assign(this.picture, { width: bitmap.width, height: bitmap.height });
      this.context.transferFromImageBitmap(bitmap);
      this.picture.hidden = false;
      this.time.textContent = say("{number} ms", { number: Math.round(milliseconds) });
      this.button.classList.add("shown");
      this.picture.dispatchEvent(new Event("shown"));
    });
  }

  /** Show the finished picture again. */
  hide() {
    cancelAnimationFrame(this.#painting);
    this.picture.hidden = true;
    this.time.textContent = "";
    this.button.classList.remove("shown");
  }

  /** Say one quiet line, for a while. */
  tell(words, milliseconds = SAID) {
    this.line.textContent = words;
    this.line.hidden = false;
    clearTimeout(this.#saying);
    this.#saying = setTimeout(() => (this.line.hidden = true), milliseconds);
  }
}
