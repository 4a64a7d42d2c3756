// How a picture was made: the lines that were read, the styles, the times, the seed.
import { make } from "./dom.js";
import { nameReading } from "./readings.js";
import { makeStyleButton } from "./styles.js";
import { say, translate } from "./words.js";

/** Build the way to the picture: the lines that were read, the styles that were found, the time, the seed. */
export function mountStrip({ element, props, trigger, watch }, page) {
  watch("value", paintStrip);
  paintStrip();

  function paintStrip() {
    const value = props.value;
    page.notePictureMade();
    if (!value) return element.replaceChildren(make("p.soft", {}, say("Make a picture, and here stands what it was made from: lines, styles, times, seed.")));
    element.replaceChildren(
      ...value.notices.map((text) => make("p.notice", {}, text)),
      ...(value.lent ?? []).map(({ id, name }) => make("button.link.keep-style", { type: "button", onclick: () => trigger("keep_style", { id }) }, say("Keep the style “{name}”", { name }))),
      make("div.way", {}, ...[buildLines(value), buildStyles(value), buildTimes(value), buildSeed(value), buildMachine(value)].filter(Boolean)),
    );
  }
  return { repaint: paintStrip };

  function buildLines({ edges, reading, hints = [] }) {
    const how = reading === "canny" ? say("Edges of the picture") : say("Your lines");
    const lines = make("figure.lines", {}, make("img", { src: edges, alt: say("The lines that the picture follows") }), make("figcaption", {}, how));
    return makeSection(say("The lines it follows"), lines, ...hints.map(makeHint));
  }
  function buildStyles({ styles, chosen }) {
    const used = new Map(chosen.map(({ id, weight }) => [id, weight]));
    const makePicks = (list) => make("div.picks", {}, ...list.map((style) => makeStyleButton({ ...style, name: page.styleName(style.id, style.name) }, used.get(style.id), () => page.tryStyle(style.id))));
    const shown = styles.filter(({ id, found }) => found || used.has(id));
    const others = styles.filter((style) => !shown.includes(style));
    const reset = make("button.link", { type: "button", hidden: page.style() === "auto", onclick: () => page.tryStyle("auto") }, say("Let Croquis choose"));
    const title = styles.some(({ found }) => found) ? say("Styles your words name") : say("The style it wears");
    const more = others.length ? [make("h3", {}, say("Try it as")), makePicks(others)] : [];
    return makeSection(title, makePicks(shown), ...more, reset);
  }
  function buildTimes({ milliseconds }) {
    const longest = Math.max(...milliseconds.map(([, ms]) => ms));
    if (!milliseconds.length) return null;
    const rows = milliseconds.map(([stage, ms]) => make("li", { style: `--part: ${(100 * ms) / longest}%` }, make("span", {}, stage), make("span", {}, formatDuration(ms))));
    return makeSection(say("Time"), make("ul.time", {}, ...rows));
  }
  function buildSeed({ seed: number }) {
    return makeSection(say("Seed"), make("p.seed", {}, String(number)),
      make("button.link", { type: "button", onclick: () => trigger("use_seed") }, say("Use again")));
  }
}

/** Show what a network saw of the drawing, and say how strongly and when it steered. */
function makeHint({ controlnet, image, model, controlnet_conditioning_scale: scale, control_guidance_start: start, control_guidance_end: end }) {
  const label = nameReading(controlnet);
  const numbers = say("{scale}, from {start} % to {end} %", { scale: scale.toFixed(2), start: Math.round(100 * start), end: Math.round(100 * end) });
  return make("figure.lines.hint", { "data-reading": controlnet }, make("img", { src: image, alt: say("What the network for “{name}” sees", { name: label }) }), make("figcaption", {}, make("b", {}, label), make("br"), numbers, model ? make("span.model", {}, model) : null));
}

/** Say what made it, how large it is and what memory that takes. */
function buildMachine({ engine, size, memory }) {
  if (!engine) return null;
  const [width, height] = size;
  return makeSection(say("Made with"), make("p.seed.plain", {}, translate(engine)), make("p.soft", {}, say("{width} × {height} pixels", { width, height })),
    memory ? make("p.soft", {}, say("Memory: about {memory}", { memory })) : null);
}

/** Make a part of the strip under a heading. */
function makeSection(title, ...content) {
  return make("section", {}, make("h3", {}, title), ...content);
}

/** Format milliseconds for people: "840 ms", "1.3 s". */
function formatDuration(ms) {
  return ms < 995 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
