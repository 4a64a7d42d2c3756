// Make and find the small parts of the page that all panels share.

/** Make an element: make("button.tool", {title: "Undo", onclick}, child, "text"). Text is never parsed as HTML. */
export function make(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("aria-")) node.setAttribute(name, value); // "false" is a word here
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const ICONS = {
  pen: "M4 20l1-4L16 5l3 3L8 19l-4 1zM14 7l3 3",
  marker: "M9 15l-1 3-3 1 1-3 2-2M9 15l-2-2M8 14l2.5-2.5M7 13L16.5 3.5a1.8 1.8 0 012.5 0l1.5 1.5a1.8 1.8 0 010 2.5L11 17zM13 20h8",
  fill: "M11 3l8.5 8.5-7 7a2 2 0 01-2.8 0l-5-5a2 2 0 010-2.8zM7.5 3.5L11 7M4.5 12h14.5M21 16c1 1.6 1.2 2.4 1.2 3a1.4 1.4 0 01-2.8 0c0-.6.4-1.4 1.6-3",
  dropper: "M4 20l1-4 8-8 3 3-8 8zM12 7l5 5M14.5 9.5l4-4a2.1 2.1 0 00-3-3l-3.5 3.5",
  eraser: "M8 20h12M5.5 13.5l8-8a2 2 0 012.8 0l3.2 3.2a2 2 0 010 2.8L13 18H9l-3.5-3.5a.7.7 0 010-1zM10 9.5l5.5 5.5",
  undo: "M9 14L4 9l5-5M4 9h9.5a6 6 0 010 12H10",
  redo: "M15 14l5-5-5-5M20 9h-9.5a6 6 0 000 12H14",
  clear: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  save: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
};

/** Make the icon of this name, one of ICONS, as an SVG element. */
export function makeIcon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * Find the page's one element for a selector. Throws an Error that names what is not there.
 * @param {string} selector
 * @returns {any}
 */
export function findElement(selector) {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}

/**
 * Get a canvas's 2d context, which every browser that runs this page gives. Throws an Error where one does not.
 * @template {HTMLCanvasElement | OffscreenCanvas} Canvas
 * @param {Canvas} canvas
 * @param {CanvasRenderingContext2DSettings} [options]
 * @returns {Canvas extends OffscreenCanvas ? OffscreenCanvasRenderingContext2D : CanvasRenderingContext2D}
 */
export function getContext(canvas, options) {
  const context = /** @type {any} */ (canvas.getContext("2d", options));
  if (!context) throw new Error("This browser gives no canvas to draw on.");
  return context;
}

/** Tell whether an event's target takes text, so that its keys belong to it. */
export function isTyping(target) {
  return Boolean(target?.closest?.("input:not([type=range], [type=color]), textarea, select, [contenteditable=true]"));
}

/** Set a Gradio text field from outside, the way a keyboard would. */
export function typeInto(field, text) {
  const prototype = field.tagName === "TEXTAREA" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
