// Dialogs over the page: a title, content, a button that closes. On a phone they take the whole screen.
import { make, makeIcon } from "./dom.js";
import { say } from "./words.js";

/**
 * Open a dialog; Escape, a click beside it and its button close it, and the focus goes back to where it was.
 * @param {string} title
 * @param {Node | Node[]} content
 * @param {{ name?: string, onClose?: () => void }} [options] `name` becomes the dialog's id
 * @returns {{ node: HTMLDialogElement, close: () => void }}
 */
export function openDialog(title, content, { name = "dialog", onClose } = {}) {
  const close = () => node.close();
  const heading = make("h2", { id: `${name}-heading` }, title);
  const button = make("button.action.close", { type: "button", title: say("Close"), "aria-label": say("Close"), onclick: close }, makeIcon("close"));
  const body = make("div.dialog-body", {}, ...[content].flat());
  if (!body.querySelector("button, input, select, a, [tabindex]")) body.tabIndex = 0; // else no key could scroll it
  const node = /** @type {HTMLDialogElement} */ (make("dialog.dialog", { id: name, "aria-labelledby": heading.id },
    make("div.dialog-frame", {}, make("header", {}, heading, button), body)));
  node.addEventListener("click", (event) => event.target === node && close()); // beside the frame: the backdrop
  node.addEventListener("keydown", (event) => event.stopPropagation()); // the page's keys rest meanwhile
  node.addEventListener("close", () => {
    node.remove();
    onClose?.();
  });
  document.body.append(node);
  node.showModal();
  return { node, close };
}
