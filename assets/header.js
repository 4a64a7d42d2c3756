// The header: the page's name, and round buttons on its right, which other parts add.
import { ActionRow } from "./actions.js";
import { say } from "./words.js";

const row = new ActionRow(say("Page"));

/**
 * Add a round button to the header, and return it. Undo has order 10, Redo 20, open a picture 30, history 40, menu 90.
 * @param {import("./actions.js").Action} action
 */
export function addAction(action) {
  return row.addAction(action);
}

/** Build the header's buttons. */
export function mountHeader({ element }) {
  element.replaceChildren(row.node);
}
