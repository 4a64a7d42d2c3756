// Which readings of the drawing a picture follows: each one's strength, its part of the steps and its network.
import { make } from "./dom.js";
import { showMessage } from "./messages.js";
import { makeDownload } from "./part-download.js";
import { say, translate } from "./words.js";

const SCALE = "controlnet_conditioning_scale", START = "control_guidance_start", END = "control_guidance_end";
const NUMBER = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SETTLED = 1200; // ms after the last stroke until the drawing is read again
/** @type {any} */
let held = null; // the props of the JSON that Draw sends
let repaint = () => {};

const NAMES = { scribble: say("A loose scribble"), lineart: say("Clean lines"), softedge: say("Soft edges"), canny: say("Every edge"), depth: say("Near and far"), openpose: say("People's poses") };

/** Name a reading in the page's language. @param {string} reading */
export const nameReading = (reading) => NAMES[reading] ?? reading;

/** Hold the readings that Draw sends, '{"depth": {"controlnet_conditioning_scale": 0.6}}'. */
export function mountControlnets({ element, props, watch }) {
  element.hidden = true;
  held = props;
  watch("value", () => repaint());
  return {};
}

/** Build the choice of readings: with none, Croquis chooses. */
export function mountReadings({ element, props, trigger, watch }) {
  const boxes = make("div.reading-boxes", {});
  const rows = make("ul.reading-rows", {});
  const problem = make("p.notice", { role: "status", hidden: true });
  const group = make("fieldset", {}, make("legend", {}, say("Follow in your drawing")), make("p.soft", {}, say("Several at once. With none, Croquis takes what suits your drawing.")), boxes);
  element.append(group, rows, problem);
  /** @type {Record<string, any>} */
  let settings = {};
  let listed = ""; // the readings whose boxes are there
  let shown = ""; // the readings whose rows are there, and the networks that they may take
  let isAsking = false;
  let isFollowing = false; // the server tells how far downloads are
  /** @type {{ controlnet: string, image: string, notice: string }[]} */
  let seen = []; // what the networks see, as it was last read
  /** @type {Map<string, ReturnType<typeof makeDownload>>} */
  const downloads = new Map();
  let told = ""; // the last message about doubts
  let timer = 0;
  watch("value", take);
  repaint = show;
  show();

  /** Tell in a message what is doubtful or missing, while Settings is closed; once, until it is something else. */
  function tell() {
    const { files = {}, problem: wrong = "", is_readable: isReadable } = props.value;
    const chosen = Object.keys(read());
    const missing = chosen.filter((name) => files[name]).map(nameReading).join(", ");
    const doubts = seen.filter(({ controlnet, notice }) => notice && chosen.includes(controlnet)).map(({ controlnet, notice }) => `${nameReading(controlnet)}: ${translate(notice)}`);
    const words = [isReadable ? translate(wrong) : "", missing && say("Not on this machine yet: {names}. Settings says more.", { names: missing }), ...doubts].filter(Boolean).join(" ");
    if (words && words !== told) showMessage(words, "alert");
    told = words;
  }
  /** Take up what the server tells: what the networks see, or how far downloads are. */
  function take() {
    const { seen: looked, files = {} } = props.value ?? {};
    if (looked) {
      isAsking = false;
      seen = looked;
    }
    if (looked && !element.offsetParent) tell();
    const runs = Object.values(files).some((each) => each.running);
    const ended = isFollowing && !runs && !looked;
    show();
    if (ended) look();
    if (runs && !isFollowing) setTimeout(() => trigger("follow"), 0);
    isFollowing = runs;
  }
  function show() {
    const { offered, readings = [], files = {}, problem: wrong = "" } = props.value ?? {};
    element.hidden = !offered;
    const chosen = read();
    if (readings.join() !== listed) boxes.replaceChildren(...readings.map((name) => makeBox(name, nameReading(name))));
    listed = readings.join();
    for (const box of boxes.querySelectorAll("input")) box.checked = box.value in chosen;
    const key = JSON.stringify([Object.keys(chosen), props.value?.models]);
    if (key !== shown) rows.replaceChildren(...readings.filter((name) => name in chosen).map((name) => makeRow(name, nameReading(name))));
    shown = key;
    rows.hidden = !rows.children.length;
    for (const row of rows.children) showRow(/** @type {any} */ (row), chosen, files);
    problem.textContent = rows.hidden ? "" : translate(wrong);
    problem.hidden = !problem.textContent;
  }
  function makeBox(name, label) {
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", value: name, onchange: () => {
      const { [name]: before, ...others } = read();
      write(box.checked ? { ...read(), [name]: {} } : others);
      show();
      if (box.checked) look();
    } }));
    return make("label", {}, box, make("span", {}, label));
  }
  function makeRow(name, label) {
    const models = props.value?.models?.[name] ?? [];
    const select = make("select", { "data-key": "model", onchange: () => { change(name, { model: select.value }); look(); } }, make("option", { value: "" }, say("The published one")), ...models.map((each) => make("option", { value: each }, each)));
    const span = make("div.reading-span", {},
      makeSlider(name, START, say("Begins at"), 1, 0.05, (value) => value <= find(name, END)),
      makeSlider(name, END, say("Ends at"), 1, 0.05, (value) => value >= find(name, START)));
    const download = makeDownload(() => { isFollowing = true; trigger("fetch", { reading: name }); }, () => trigger("stop", { reading: name }));
    downloads.set(name, download);
    return make("li", { "data-reading": name },
      make("div.hint", {}, make("img", { alt: say("What the network for “{name}” sees", { name: label }), hidden: true }), make("span.waiting", {})),
      make("div.reading-numbers", {}, make("h4", {}, label), make("p.notice", { role: "status", hidden: true }), download.element,
        makeSlider(name, SCALE, say("How strongly"), props.value.most, 0.05), span,
        make("p.soft", {}, say("Early steps place things, late ones draw details.")),
        models.length ? make("label.own-field", {}, make("span", {}, say("Network")), select) : null));
  }
  /** Make a slider with its label and number; it goes only where `allows` lets it. */
  function makeSlider(name, key, label, most, step, allows = (value) => true) {
    const shownNumber = make("output", {});
    const input = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: 0, max: most, step, "data-key": key, oninput: () => {
      if (!allows(Number(input.value))) input.value = String(find(name, key === START ? END : START));
      change(name, { [key]: Number(input.value) });
    } }));
    return make("label.reading-slider", {}, make("span", {}, label), input, shownNumber);
  }
  function showRow(row, chosen, files) {
    const name = row.dataset.reading;
    for (const input of row.querySelectorAll("input")) {
      const key = input.dataset.key, value = find(name, key);
      if (Number(input.value) !== value) input.value = String(value);
      input.style.setProperty("--range_progress", `${(100 * value) / Number(input.max)}%`);
      const words = key === SCALE ? NUMBER.format(value) : `${Math.round(100 * value)} %`;
      input.nextElementSibling.textContent = words;
      input.setAttribute("aria-valuetext", words);
    }
    const select = row.querySelector("select");
    if (select) select.value = chosen[name]?.model ?? "";
    const { image = "", notice = "" } = seen.find((each) => each.controlnet === name) ?? {};
    const [picture, waiting] = row.querySelector(".hint").children;
    picture.hidden = !image;
    if (image) picture.src = image;
    waiting.hidden = Boolean(image);
    waiting.textContent = image || !isAsking ? "" : say("Reading your drawing");
    const told = row.querySelector(".notice");
    told.textContent = translate(notice);
    told.hidden = !notice;
    downloads.get(name)?.show(files[name]);
  }
  /** Find a number of a reading: its own, else what the page's settings say. */
  function find(name, key) {
    const own = read()[name];
    if (typeof own === "number" && key === SCALE) return own;
    const [start, end] = props.value?.intervals?.[settings.preset] ?? [0, 1];
    return Number(own?.[key] ?? { [SCALE]: settings[SCALE] ?? 1, [START]: start, [END]: end }[key]);
  }
  function change(name, changes) {
    const all = read();
    const own = typeof all[name] === "number" ? { [SCALE]: all[name] } : all[name];
    write({ ...all, [name]: { ...own, ...changes } });
    show();
  }
  function look() {
    clearTimeout(timer);
    isAsking = true;
    show();
    setTimeout(() => trigger("look"), 0); // after Gradio has taken up what was just chosen
  }

  return {
    /** Follow the page's settings, which hold for what a reading leaves open. */
    noteSettings(values) {
      settings = values;
      show();
    },
    /** Read the drawing again, once it rests, where readings are chosen: what is doubtful is told before Draw. */
    noteDrawing() {
      clearTimeout(timer);
      if (props.value?.offered && Object.keys(read()).length) timer = setTimeout(look, SETTLED);
    },
  };
}

/** Read the readings that are held. @returns {Record<string, any>} */
function read() {
  return held?.value ? JSON.parse(held.value) : {};
}

function write(chosen) {
  held.value = Object.keys(chosen).length ? JSON.stringify(chosen) : "";
}
