// The library of styles: what there is, and what the server answers when a part of the page asks it something.
import { say, translate } from "./words.js";

const CALM = 1500; // ms between two looks for a thumbnail that is being drawn
const LOOKS = 20;
const IS_LENT = /-lent-[0-9a-f]{10}$/; // as pipeline/styles/lent.py

/** Tell whether a style is nobody's but a visitor's own, or came with a picture. @param {string} id */
export const isLent = (id) => IS_LENT.test(id);

/** @typedef {{ id: string, name: string, words: string[], builtin: boolean, mine: boolean, thumb: string, coming: boolean }} StyleCard */

/** @type {Map<number, (answer: any) => void>} */
const waiting = new Map();
let calls = 0;

/** Name a style of ours in the page's language; `words`, by which it is found, keep its English name. */
function translateName(card) {
  const name = card.builtin ? translate(card.name) : card.name;
  return name === card.name ? card : { ...card, name, words: [card.name, ...card.words] };
}

/** Hold every style there is. */
export function mountLibrary({ element, props, trigger, watch }, page) {
  let looks = 0;
  /** @type {Map<string, StyleCard | "asked" | "gone">} styles that came with a picture, by id */
  const lent = new Map();
  element.hidden = true;
  watch("value", show);
  queueMicrotask(show); // the list may have come before this script

  function show() {
    page.showStyles();
    if (all().some(({ coming }) => coming) && looks++ < LOOKS) setTimeout(() => ask("list"), CALM);
  }

  /** @returns {StyleCard[]} */
  function all() { return [...[...lent.values()].filter((card) => typeof card !== "string"), ...(props.value ?? []).map(translateName)]; }
  /** Tell whether a style's card is on its way. */
  function isComing(id) { return lent.get(id) === "asked"; }
  /** Fetch the cards of those of these styles that came with a picture: they are in no list. */
  async function fetchLent(/** @type {string[]} */ ids) {
    const missing = ids.filter((id) => IS_LENT.test(id) && !lent.has(id));
    if (!missing.length) return;
    missing.forEach((id) => lent.set(id, "asked"));
    const answer = await ask("lent", { ids: missing }).catch(() => null);
    missing.forEach((id) => answer ? lent.set(id, "gone") : lent.delete(id));
    answer?.cards.forEach((card) => lent.set(card.id, card));
    const gone = missing.filter((id) => lent.get(id) === "gone");
    if (gone.length) page.tellStyle(say("A style that came with a picture is here no more. Drop the picture again to wear it."));
    if (answer) page.showStyles();
    gone.forEach((id) => lent.delete(id)); // the picture may bring it again
  }
  /** Show a visitor's own style no more, and wear it no more. */
  function dropLent(/** @type {string} */ id) {
    lent.set(id, "gone");
    page.showStyles();
    lent.delete(id);
  }
  /**
   * Ask the server; see `Shelf.answer` in page/style_shelf.py. Throws an Error in words for the person.
   * @param {string} action
   * @param {Record<string, unknown>} [data]
   * @returns {Promise<any>}
   */
  async function ask(action, data = {}) {
    const call = ++calls;
    if (action === "add") looks = 0;
    const answer = await new Promise((resolve) => {
      waiting.set(call, resolve);
      trigger("ask", { ...data, action, call });
    });
    if (answer.error) throw new Error(answer.error);
    if (action === "remove" && IS_LENT.test(answer.id)) dropLent(answer.id);
    return answer;
  }
  return { all, ask, isComing, fetchLent, find: (id) => all().find((style) => style.id === id) };
}

/** Hand each answer to who asked. */
export function mountAnswers({ element, props, watch }) {
  element.hidden = true;
  watch("value", () => {
    const answer = props.value;
    waiting.get(answer?.call)?.(answer);
    waiting.delete(answer?.call);
  });
  return {};
}

/** Hold a value that Draw sends and no one sees: the brushed part, the palette. */
export function mountHeldValue({ element, props, watch }, page) {
  element.hidden = true;
  watch("value", () => page.showStyles());
  const set = (value) => {
    props.value = value;
    page.showStyles();
  };
  return { value: () => props.value ?? "", set };
}
