// What one does with a finished picture: choose, compare, zoom, and go on from it.
import { PictureGrid } from "./choosing.js";
import { Compare } from "./compare.js";
import { openGoOn } from "./going-on.js";
import { openPictureView } from "./picture-view.js";
import { say } from "./words.js";
import { Zoom } from "./zoom.js";

/** PictureTools adds to the picture's frame what lies over it, and to its corner the buttons for it. */
export class PictureTools {
  /** @type {any} */
  #finished = null; // the picture's value, once there is a whole one

  /**
   * @param {HTMLElement} frame
   * @param {(action: import("./actions.js").Action) => HTMLButtonElement} addAction
   * @param {any} page
   * @param {(event: string, data: object) => void} trigger
   */
  constructor(frame, addAction, page, trigger) {
    this.page = page;
    this.trigger = trigger;
    this.compare = new Compare(() => this.#closeCompare());
    this.grid = new PictureGrid((made) => this.#take(made));
    this.zoom = new Zoom(frame, { isOff: () => this.compare.isOpen || this.grid.isOpen });
    frame.append(this.compare.node, this.grid.node);
    this.back = addAction({ name: "all-pictures", icon: "grid", label: say("Back to all pictures"), order: 5, onclick: () => this.#openGrid() });
    this.comparing = addAction({ name: "compare", icon: "compare", label: say("Compare with the drawing"), order: 10, onclick: () => this.#toggleCompare() });
    this.enlarging = addAction({ name: "view", icon: "enlarge", label: say("See it large"), order: 20, onclick: () => openPictureView(this.#finished) });
    this.goingOn = addAction({ name: "go-on", icon: "forward", label: say("Go on from this picture"), order: 25, onclick: () => openGoOn(this.#finished, page, trigger) });
    frame.addEventListener("shown", () => this.#makeWay(), true); // a live picture came over the finished one
    this.#refresh();
  }

  /** Follow the picture's value. */
  follow(value) {
    this.grid.show(value);
    if (value.state === "done") {
      if (value.image !== this.#finished?.image) this.zoom.reset();
      this.#finished = value;
    }
    if (value.state === "waiting" || value.state === "done") this.#closeCompare();
    this.#refresh();
  }

  #refresh() {
    const has = Boolean(this.#finished);
    this.back.hidden = !this.grid.hasChoice || this.grid.isOpen;
    this.comparing.hidden = !this.#finished?.drawing || this.grid.isOpen;
    for (const button of [this.enlarging, this.goingOn]) button.hidden = !has || this.grid.isOpen;
  }

  #makeWay() {
    this.#closeCompare();
    this.zoom.reset();
    this.grid.close();
    this.#refresh();
  }
  #openGrid() {
    this.#closeCompare();
    this.zoom.reset();
    this.grid.open();
    this.grid.focus();
    this.#refresh();
  }
  #take(made) {
    this.page.takePicture(made);
    this.#refresh();
    this.back.focus({ preventScroll: true });
  }
  #toggleCompare() {
    if (this.compare.isOpen) return this.#closeCompare();
    this.zoom.reset();
    this.compare.open(this.#finished.drawing);
    this.comparing.setAttribute("aria-pressed", "true");
    this.compare.handle.focus({ preventScroll: true });
  }
  #closeCompare() {
    this.compare.close();
    this.comparing.setAttribute("aria-pressed", "false");
  }
}
