// What the server tells, in the page's language: sentences that no script wrote are translated as they appear.
import { language, translate } from "./words.js";

/** Where the server's own sentences stand: its notices, its panels, and what Gradio shows in its corner. */
const TOLD = "p.said, p.problem, p.notice, p.message, ul.time, #status, #bigger, #planner, #about-words, .toast-body, [data-told]";

/** Translate the server's sentences from now on, also those that are there already. */
export function translateToldSentences() {
  if (language === "en") return;
  document.querySelectorAll(TOLD).forEach(translateTexts);
  new MutationObserver((changes) => changes.forEach(({ target, addedNodes }) => [target, ...addedNodes].forEach(translateNode)))
    .observe(document.body, { subtree: true, childList: true, characterData: true });
}

/** Translate a node that came or changed, where the server's sentences stand. */
function translateNode(node) {
  const element = node instanceof Element ? node : node.parentElement;
  if (!element) return;
  if (element.closest(TOLD)) translateTexts(node);
  else if (node === element) element.querySelectorAll(TOLD).forEach(translateTexts);
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
