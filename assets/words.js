// The page's words in the language of the browser. English text is the key; assets/languages/ holds the others.
const ENGLISH = "en";
const LANGUAGES = ["de", "es", "fr", "ja", "zh"];

/** The language the page speaks: the first that the person reads and that we have. */
export const language = chooseLanguage(globalThis.navigator?.languages ?? []);
/** @type {Record<string, string>} */
const catalogue = await fetchCatalogue(language);
/** @type {{ pattern: RegExp, translation: string }[] | undefined} */
let templates;

/**
 * Return a sentence in the page's language.
 * @param {string} text English, may hold {names}
 * @param {Record<string, string | number>} [values] what stands for the names
 */
export function say(text, values = {}) {
  return fill(catalogue[text] ?? text, values);
}

/**
 * Return what the server tells in the page's language. It may be several sentences, and some of their words vary:
 * the catalogue has {0}, {1}, ... there. What it does not have stays English.
 * @param {string} text English
 */
export function translate(text) {
  if (!text || language === ENGLISH) return text;
  const sentences = text.split(/(?<=[.!?”"’]) /);
  const shown = [];
  for (let begin = 0; begin < sentences.length;) {
    let end = sentences.length;
    /** @type {string | null} */
    let translated = null;
    for (; end > begin && translated === null; end -= 1) translated = findTranslation(sentences.slice(begin, end).join(" "));
    shown.push(translated ?? sentences[begin]);
    begin = translated === null ? begin + 1 : end + 1;
  }
  return shown.join(" ");
}

/** Return the translation of a text that is in the catalogue as a whole, or as a template; null where it is not. */
function findTranslation(text) {
  if (text in catalogue) return catalogue[text];
  templates ??= makeTemplates();
  for (const { pattern, translation } of templates) {
    const found = pattern.exec(text);
    if (found && !found.slice(1).some(isCut)) return fill(translation, Object.fromEntries(found.slice(1).map((value, i) => [i, translateValue(value)])));
  }
  return null;
}

/** Tell whether words are a sentence and the beginning of another one: then the template is for the first alone. */
function isCut(value) {
  return /[.!?] \S/.test(value) && !/[.!?”"’]$/.test(value);
}

/** Return what stands for a name in a sentence: words that are in the catalogue, or sentences; else as it is. */
function translateValue(value) {
  return findTranslation(value) ?? (/[.!?]$/.test(value) ? translate(value) : value);
}

/** Make what recognises the sentences whose words vary; those with the most words of their own are tried first. */
function makeTemplates() {
  const sentences = Object.entries(catalogue).filter(([key]) => /\{\d+\}/.test(key));
  const count = (/** @type {[string, string]} */ [key]) => key.replace(/\{\d+\}/g, "").length;
  return sentences.sort((one, other) => count(other) - count(one)).map(makeTemplate);
}

/** Make what recognises a template's sentences. */
function makeTemplate([key, translation]) {
  const parts = key.split(/\{\d+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return { pattern: new RegExp(`^${parts.join("(.+?)")}$`, "su"), translation };
}

/** @returns {string} */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {readonly string[]} wanted as BCP 47 tags, the best first */
function chooseLanguage(wanted) {
  const known = wanted.map((tag) => tag.split("-")[0].toLowerCase()).find((tag) => tag === ENGLISH || LANGUAGES.includes(tag));
  return known ?? ENGLISH;
}

/** Fetch a language's catalogue; the page stays English where it cannot be had. */
async function fetchCatalogue(tag) {
  if (tag === ENGLISH) return {};
  try {
    const answer = await fetch(new URL(`languages/${tag}.json`, import.meta.url));
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}
