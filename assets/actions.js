// Rows of round icon buttons, which any part of the page may add to.
import { make, makeIcon } from "./dom.js";

/**
 * A button of a row; rows are sorted by `order`.
 * @typedef {{ name: string, icon: string, label: string, onclick: (event: MouseEvent) => void, order: number }} Action
 */

/** ActionRow is a row of round buttons; what is added before it is shown stands in it from the beginning. */
export class ActionRow {
  /** @type {{ node: HTMLElement, order: number }[]} */
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
    return this.addNode(button, order);
  }

  /**
   * Add a link or button that was made elsewhere, in its place by `order`, and return it.
   * @template {HTMLElement} Node
   * @param {Node} node
   * @param {number} order
   * @returns {Node}
   */
  addNode(node, order) {
    this.#entries.push({ node, order });
    this.#entries.sort((one, other) => one.order - other.order);
    this.node.replaceChildren(...this.#entries.map((entry) => entry.node));
    return node;
  }
}
