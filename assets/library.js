// The library of styles: what there is, and what the server answers when a part of the page asks it something.
const CALM = 1500; // ms between two looks for a thumbnail that is being drawn
const LOOKS = 20;

/** @typedef {{ id: string, name: string, words: string[], builtin: boolean, thumb: string, coming: boolean }} StyleCard */

/** @type {Map<number, (answer: any) => void>} */
const waiting = new Map();
let calls = 0;

/** Hold every style there is. */
export function mountLibrary({ element, props, trigger, watch }, page) {
  let looks = 0;
  element.hidden = true;
  watch("value", show);
  queueMicrotask(show); // the list may have come before this script

  function show() {
    page.showStyles();
    if (all().some(({ coming }) => coming) && looks++ < LOOKS) setTimeout(() => ask("list"), CALM);
  }

  /** @returns {StyleCard[]} */
  function all() { return props.value ?? []; }
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
    return answer;
  }
  return { all, ask, find: (id) => all().find((style) => style.id === id) };
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
