// Make and find the small parts of the page that all panels share.
import { ICONS } from "./icons.js";
import { say } from "./words.js";

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

/**
 * Make the icon of this name, one of ICONS, as an SVG element.
 * @param {string} name
 */
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
  if (!context) throw new Error(say("This browser gives no canvas to draw on."));
  return context;
}

/**
 * Take a node's touches for ourselves: else the browser takes a quick one for a scroll of its own, and the next tap is
 * lost. Where a tap has to become a click, the moves alone are taken.
 * @param {HTMLElement} node
 * @param {{ taps?: boolean, isOurs?: (event: TouchEvent) => boolean }} [options]
 */
export function takeTouches(node, { taps = true, isOurs = () => true } = {}) {
  const take = (/** @type {TouchEvent} */ event) => { if (event.cancelable && isOurs(event)) event.preventDefault(); };
  node.addEventListener("touchmove", take, { passive: false });
  if (taps) node.addEventListener("touchstart", take, { passive: false });
}

/** Tell whether an event's target takes text, so that its keys belong to it. */
export function isTyping(target) {
  return Boolean(target?.closest?.("input:not([type=range], [type=color]), textarea, select, [role=combobox], [contenteditable=true]"));
}

/** Set a Gradio text field from outside, the way a keyboard would. */
export function typeInto(field, text) {
  const prototype = field.tagName === "TEXTAREA" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Tell whether the person has asked for little motion. */
export function prefersReducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Load an image whole; throws where it cannot be decoded. */
export async function loadImage(address) {
  const image = make("img", { src: address });
  await image.decode();
  return image;
}

/** Return what to tell of something that was thrown. */
export function describeProblem(problem) {
  return problem instanceof Error ? problem.message : String(problem);
}
