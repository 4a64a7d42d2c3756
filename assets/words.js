// The page's words: every sentence that is shown goes through `say`, so that other languages can stand in for it.
/** @type {Record<string, string>} */
let catalogue = {};

/** Show sentences from now on as a catalogue has them: English text to its translation. */
export function useCatalogue(translations) {
  catalogue = translations;
}

/**
 * Return a sentence in the page's language; the English text is its name.
 * @param {string} text may hold {names}
 * @param {Record<string, string | number>} [values] what stands for the names
 */
export function say(text, values = {}) {
  return (catalogue[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
