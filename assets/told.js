// What the server tells, in the page's language: sentences that no script wrote are translated as they appear.
import { language, say, translate } from "./words.js";

/** Where the server's own sentences stand: its notices, its panels, and what Gradio shows in its corner. */
const TOLD = "p.said, p.problem, p.notice, p.message, ul.time, #status, #bigger, #planner, #about-words, .toast-body, [data-told]";
/** Parts of Gradio's sliders, which are named in English alone: "number input for" and the label, ... */
const PARTS = ".reset-button, input[type=number][aria-label], input[type=range][aria-label]";

/** Translate the server's sentences from now on, also those that are there already. */
export function translateToldSentences() {
  if (language === "en") return;
  document.querySelectorAll(TOLD).forEach(translateTexts);
  document.querySelectorAll(PARTS).forEach(namePart);
  new MutationObserver((changes) => changes.forEach(({ target, addedNodes }) => [target, ...addedNodes].forEach(translateNode)))
    .observe(document.body, { subtree: true, childList: true, characterData: true });
}

/** Translate a node that came or changed, where the server's sentences stand. */
function translateNode(node) {
  const element = node instanceof Element ? node : node.parentElement;
  if (!element) return;
  if (element.closest(TOLD)) translateTexts(node);
  else if (node === element) {
    element.querySelectorAll(TOLD).forEach(translateTexts);
    element.querySelectorAll(PARTS).forEach(namePart);
  }
}

/** Name a part of a slider in the page's language; a screen reader says by itself whether it is a number or a slider. */
function namePart(part) {
  const label = part.getAttribute("aria-label") ?? "";
  const name = part.matches(".reset-button") ? say("Reset to default value") : label.replace(/^(number input|range slider) for /, "");
  if (label !== name) part.setAttribute("aria-label", name);
}

/** Translate every text below a node; a text that is translated already stays as it is. */
function translateTexts(node) {
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let text = /** @type {Node | null} */ (node.nodeType === Node.TEXT_NODE ? node : texts.nextNode()); text; text = texts.nextNode()) {
    const [, before, sentence, after] = /** @type {RegExpExecArray} */ (/^(\s*)(.*?)(\s*)$/su.exec(text.nodeValue ?? ""));
    const shown = `${before}${translate(sentence)}${after}`;
    if (shown !== text.nodeValue) text.nodeValue = shown;
  }
}
