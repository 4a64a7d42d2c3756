// The slider from one's own drawing to free, and how much of one's lines lies on the picture.
import { make } from "./dom.js";
import { say } from "./words.js";

const LINES = [[0, say("None")], [0.5, say("Soft")], [1, say("Full")]];
const NEAR = 1e-6; // numbers that differ by less are one

/**
 * Build the slider. Its value holds what each place means: settings by engine and preset, from free to faithful, and
 * the folder of the pictures at its ends.
 */
export function mountFaithful({ element, props, trigger }) {
  const { places, folder } = props.value;
  const steps = Object.values(Object.values(places)[0])[0].length - 1;
  /** @type {Record<string, any>} the page's settings, by name */
  let settings = {};
  let lines = 0.5;
  const slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: 0, max: steps, step: 1, value: steps / 2, id: "faithful-range", "aria-describedby": "faithful-own" }));
  const own = make("span.own", { id: "faithful-own", hidden: true, title: say("Settings were set by hand; the slider sets them anew.") }, say("own"));
  const choices = LINES.map(([value, name]) => {
    const input = /** @type {HTMLInputElement} */ (make("input", { type: "radio", name: "my-lines", value, onchange: () => chooseLines(Number(value)) }));
    return { input, label: make("label", {}, input, make("span", {}, String(name))) };
  });
  const makeEnd = (name) => make("img", { src: `${folder}/${name}.webp`, alt: "", width: 44, height: 44 });
  element.append(
    make("div.slide", {}, makeEnd("mine"),
      make("div.track", {}, make("label", { for: "faithful-range" }, make("span", {}, say("My drawing")), own, make("span", {}, say("Free"))), slider),
      makeEnd("free")),
    make("fieldset.my-lines", {}, make("legend", {}, say("My lines")), ...choices.map(({ label }) => label)),
  );
  slider.addEventListener("input", showPlace);
  slider.addEventListener("change", () => trigger("slide"));
  showPlace();

  /** Say where the slider stands; its left end is the drawing's. */
  function showPlace() {
    const share = Math.round((100 * Number(slider.value)) / steps);
    slider.style.setProperty("--done", `${share}%`);
    slider.setAttribute("aria-valuetext", share === 50 ? say("Half my drawing, half free") : share < 50 ? say("{share} % my drawing", { share: 100 - share }) : say("{share} % free", { share }));
  }
  function chooseLines(value) {
    lines = value;
    trigger("choose_lines");
  }
  const listPlaces = () => places[settings.engine]?.[settings.preset] ?? Object.values(Object.values(places)[0])[0];
  const isSame = (place) => Object.entries(place).every(([name, value]) => Math.abs(value - Number(settings[name])) < NEAR);

  return {
    /** Show where the settings stand; they may have been set by hand. */
    noteSettings(values) {
      settings = values;
      const place = listPlaces().findIndex(isSame);
      own.hidden = place >= 0;
      if (place >= 0) slider.value = String(steps - place);
      for (const { input } of choices) input.checked = Math.abs(Number(input.value) - Number(settings.lines)) < NEAR;
      showPlace();
    },
    /** Return the settings at the slider's place, in the order of `names`; those that it does not move stay. */
    read(names) {
      const place = listPlaces()[steps - Number(slider.value)];
      return names.map((name) => place[name] ?? settings[name]);
    },
    lines: () => lines,
  };
}
