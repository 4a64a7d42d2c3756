// The styles: which one the next picture wears, and the grid of all of them.
import { make } from "./dom.js";

const MAX_STYLES = 8; // as pipeline/request/notation.py

/** Make a style's button; it is pressed when the style has a weight in the mix. */
export function makeStyleButton({ name, thumb, similarity }, weight, onclick) {
  const used = weight > 0;
  const note = similarity == null ? null : make("span.similarity", { style: `--part: ${Math.max(0, similarity) * 100}%`, title: "How near the style is to your words, up to 1" }, similarity.toFixed(2));
  return make("button.style", { type: "button", "aria-pressed": used, title: used && weight < 0.999 ? `${name}: ${Math.round(100 * weight)} % of the mix` : `Draw it as ${name}`, onclick },
    make("img", { src: thumb, alt: "" }), make("span.name", {}, name), note);
}

/**
 * Build the choice of the next picture's styles.
 * Its value is what Draw sends: "auto", an id, or "one:0.6,other:0.4".
 */
export function mountChip({ element, props, watch }, page) {
  element.append(make("span", {}, "Style: "), make("b"), make("button.link", { type: "button", onclick: () => chooseStyle("auto") }, "Let Croquis choose"));
  watch("value", paintChip);
  paintChip();

  function chooseStyle(id) {
    props.value = id;
    paintChip();
    page.showChosenStyle();
  }
  function paintChip() {
    const mix = readMix();
    element.querySelector("b").textContent = mix.length ? describeMix(mix) : "Croquis chooses from your words";
    element.querySelector("button").hidden = !mix.length;
  }
  /** Read the value as [[id, weight], ...]; none for "auto". */
  function readMix() {
    const value = props.value ?? "auto";
    if (value === "auto") return [];
    return value.split(",").map((part) => part.split(":")).map(([id, weight]) => [id.trim(), Number(weight ?? 1)]);
  }
  function describeMix(mix) {
    const total = mix.reduce((sum, [, weight]) => sum + weight, 0);
    if (mix.length === 1) return page.styleName(mix[0][0]);
    return mix.map(([id, weight]) => `${page.styleName(id)} ${Math.round((100 * weight) / total)} %`).join(" + ");
  }
  /** Put a style into the mix, or take it out; all weigh the same then. */
  function toggleStyle(id) {
    const ids = readMix().map(([one]) => one);
    const mix = ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id];
    chooseStyle(mix.length ? mix.slice(-MAX_STYLES).map((one) => (mix.length > 1 ? `${one}:1` : one)).join(",") : "auto");
  }
  return { chooseStyle, toggleStyle, value: () => props.value ?? "auto", ids: () => readMix().map(([id]) => id), repaint: paintChip };
}

/** Build the grid of every style there is; added ones can be removed. */
export function mountLibrary({ element, props, trigger, watch }, page) {
  watch("value", paintLibrary);
  paintLibrary();

  function paintLibrary() {
    const grid = make("div.styles", {}, ...(props.value ?? []).map(buildEntry));
    element.replaceChildren(grid);
    page.checkStyles();
  }
  function buildEntry(style) {
    const button = makeStyleButton(style, page.usesStyle(style.id) ? 1 : 0, ({ shiftKey, ctrlKey, metaKey }) => {
      if (shiftKey || ctrlKey || metaKey) page.mixStyle(style.id);
      else page.useStyle(page.style() === style.id ? "auto" : style.id);
    });
    button.title = `${style.words.join(", ")}. With Shift or Ctrl: mix it in.`;
    if (style.builtin) return button;
    const remove = make("button.remove", { type: "button", "aria-label": `Remove ${style.name}`, title: `Remove ${style.name}`, onclick: () => {
      if (confirm(`Remove the style “${style.name}”?`)) trigger("remove", { id: style.id });
    } }, "×");
    return make("div.added", {}, button, remove);
  }
  return { all: () => props.value ?? [], repaint: paintLibrary };
}
