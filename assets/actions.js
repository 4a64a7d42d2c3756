// Rows of round icon buttons, which any part of the page may add to.
import { make, makeIcon } from "./dom.js";

/**
 * A button of a row; rows are sorted by `order`.
 * @typedef {{ name: string, icon: string, label: string, onclick: (event: MouseEvent) => void, order: number }} Action
 */

/** ActionRow is a row of round buttons; what is added before it is shown stands in it from the beginning. */
export class ActionRow {
  /** @type {{ button: HTMLButtonElement, order: number }[]} */
  #entries = [];

  /** @param {string} label what a screen reader calls the row */
  constructor(label) {
    this.node = make("div.actions", { role: "toolbar", "aria-label": label });
  }

  /**
   * Add a button, in its place by `order`, and return it, to be disabled or hidden later.
   * @param {Action} action
   * @returns {HTMLButtonElement}
   */
  addAction({ name, icon, label, onclick, order }) {
    const button = make("button.action", { type: "button", title: label, "aria-label": label, "data-action": name, onclick }, makeIcon(icon));
    this.#entries.push({ button, order });
    this.#entries.sort((one, other) => one.order - other.order);
    this.node.replaceChildren(...this.#entries.map((entry) => entry.button));
    return button;
  }
}
