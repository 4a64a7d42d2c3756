// A mix of styles as Draw sends it, and the button that shows one style.
import { make } from "./dom.js";
import { say } from "./words.js";

export const MAX_STYLES = 8; // as pipeline/request/notation.py
export const AUTO = "auto"; // Croquis chooses

/** @typedef {[id: string, weight: number][]} Mix weights sum to 1; empty where Croquis chooses */

/**
 * Read "auto", "ghibli" or "ghibli:0.6,comic:0.4".
 * @param {string | null | undefined} value
 * @returns {Mix}
 */
export function readMix(value) {
  if (!value || value === AUTO) return [];
  const parts = value.split(",").map((part) => part.split(":"));
  return share(parts.map(([id, weight]) => [id.trim(), Number(weight ?? 1)]));
}

/** Write a mix as `readMix` reads it. */
export function writeMix(/** @type {Mix} */ mix) {
  if (!mix.length) return AUTO;
  return mix.length === 1 ? mix[0][0] : mix.map(([id, weight]) => `${id}:${Number(weight.toFixed(3))}`).join(",");
}

/** Make the weights of a mix sum to 1. */
export function share(/** @type {Mix} */ mix) {
  const total = mix.reduce((sum, [, weight]) => sum + weight, 0);
  return /** @type {Mix} */ (mix.map(([id, weight]) => [id, weight / total]));
}

/** Put a style into a mix: it gets an equal share, the others keep their proportions. */
export function addToMix(/** @type {Mix} */ mix, id) {
  const kept = mix.filter(([one]) => one !== id).slice(-(MAX_STYLES - 1));
  const part = 1 / (kept.length + 1);
  return share([...share(kept).map(([one, weight]) => /** @type {[string, number]} */ ([one, weight * (1 - part)])), [id, part]]);
}

/** Take a style out of a mix. */
export function takeFromMix(/** @type {Mix} */ mix, id) {
  const kept = mix.filter(([one]) => one !== id);
  return kept.length ? share(kept) : [];
}

/**
 * Make a style's button; it is pressed when the style has a weight in the mix.
 * @param {{ id: string, name: string, thumb: string, similarity?: number | null }} style
 */
export function makeStyleButton({ id, name, thumb, similarity = null }, weight, onclick) {
  const used = weight > 0;
  const note = similarity == null ? null : make("span.similarity", { style: `--part: ${Math.max(0, similarity) * 100}%`, title: say("How near the style is to your words, up to 1") }, similarity.toFixed(2));
  const title = used && weight < 0.999 ? say("{name}: {percent} % of the mix", { name, percent: Math.round(100 * weight) }) : say("Draw it as {name}", { name });
  return make("button.style", { type: "button", "data-style": id, "aria-pressed": used, title, onclick },
    make("img", { src: thumb, alt: "", loading: "lazy", draggable: "false" }), make("span.name", {}, name), note);
}
