// A person's own model files: which model draws, which LoRAs the next picture is drawn with and how strongly.
import { make, makeIcon } from "./dom.js";
import { PictureList } from "./picture-list.js";
import { say, translate } from "./words.js";

const MOST = 8; // LoRAs of one picture
const NUMBER = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2 });
/** @type {any} */
let held = null; // the props of the LoRAs that Draw sends
let repaint = () => {};

/** Hold the LoRAs and weights that Draw sends, "ink:0.8,glow:0.5". */
export function mountLoras({ element, props, watch }) {
  element.hidden = true;
  held = props;
  watch("value", () => repaint());
  return {};
}

/** Build the list of files. */
export function mountOwnFiles({ element, props, trigger, watch }) {
  const about = make("p.soft", {});
  const model = new PictureList(say("Model"), (name) => choose(name, vae.value));
  const vae = new PictureList(say("VAE"), (name) => choose(model.value, name));
  const adder = new PictureList(say("Add a LoRA"), add);
  const note = make("p.soft", { role: "status" });
  const bar = make("progress", { max: 1, hidden: true, "aria-label": say("Reading the model") });
  const rows = make("ul.loras", { "aria-label": say("LoRA") });
  const words = make("p.soft.inversions", {});
  const faults = make("details.faults", {}, make("summary", {}), make("ul", {}));
  const choices = make("div.own-choices", {}, model.node, vae.node, adder.node);
  const again = make("button.quiet", { type: "button", onclick: () => trigger("look") }, say("Look for files again"));
  element.append(make("h3", {}, say("Your own files")), about, choices, note, bar, rows, words, faults, again);
  watch("value", show);
  repaint = showLoras;
  show();

  function choose(/** @type {string} */ modelName, /** @type {string} */ vaeName) {
    note.textContent = say("Reading the model");
    model.button.disabled = vae.button.disabled = true;
    trigger("choose", { model: modelName, vae: vaeName });
  }
  function add(name) {
    write([...read().filter((each) => each.name !== name), { name, weight: 1 }]);
    /** @type {HTMLElement | null | undefined} */ (rows.lastElementChild?.querySelector("input"))?.focus();
  }
  function show() {
    const { checkpoint = [], vae: vaes = [], lora = [], embedding = [], ip_adapter: adapters = [], faults: wrong = [], present = {}, state = {}, message = "", may_change: mayChange, draws } = props.value ?? {};
    const isEmpty = ![checkpoint, vaes, lora, embedding, adapters].some((each) => each.length);
    about.textContent = isEmpty
      ? say("Models, LoRAs, textual inversions and VAEs for Stable Diffusion 1.5 are found in the folder that CROQUIS_MODELS names.")
      : draws ? "" : say("They are for Stable Diffusion 1.5 and wait until it draws.");
    model.fill(list(say("Stable Diffusion 1.5"), checkpoint), present.model ?? "");
    vae.fill(list(say("The model's own"), vaes), present.vae ?? "");
    adder.fill(list(say("Choose a LoRA"), lora), "");
    model.node.hidden = !checkpoint.length;
    vae.node.hidden = !vaes.length;
    adder.node.hidden = !lora.length;
    const isLoading = state.stage === "loading";
    model.button.disabled = vae.button.disabled = !mayChange || !draws || isLoading;
    bar.hidden = !isLoading;
    bar.value = state.fraction ?? 0;
    note.textContent = isLoading ? translate(state.activity) : message ? translate(message) : draws && !mayChange && checkpoint.length ? say("Whoever runs this Croquis chooses the model.") : "";
    words.textContent = embedding.length ? say("Textual inversions work where their names stand in your words: {names}.", { names: embedding.map(({ name }) => name).join(", ") }) : "";
    faults.hidden = !wrong.length;
    faults.firstChild.textContent = say("Files that cannot be used: {count}", { count: wrong.length });
    faults.lastChild.replaceChildren(...wrong.map((each) => make("li", {}, translate(each))));
    showLoras();
  }
  function showLoras() {
    const known = new Map((props.value?.lora ?? []).map(({ name, thumb }) => [name, thumb]));
    const chosen = read();
    adder.button.disabled = chosen.length >= MOST;
    rows.hidden = !chosen.length;
    rows.replaceChildren(...chosen.map((each) => makeRow(each, known.get(each.name))));
  }
  function makeRow({ name, weight }, thumb) {
    const shown = make("output", {}, NUMBER.format(weight));
    const slider = make("input", { type: "range", min: -1, max: 2, step: 0.05, value: weight, "aria-label": say("How strongly {name} acts", { name }), oninput: () => {
      shown.textContent = NUMBER.format(Number(slider.value));
      write(read().map((each) => (each.name === name ? { name, weight: Number(slider.value) } : each)), false);
    } });
    const remove = make("button.icon-button", { type: "button", title: say("Take {name} off", { name }), "aria-label": say("Take {name} off", { name }), onclick: () => write(read().filter((each) => each.name !== name)) }, makeIcon("close"));
    return make("li", { "data-lora": name }, thumb ? make("img", { src: thumb, alt: "" }) : make("span.thumb", {}), make("span.name", { title: name }, name), slider, shown, remove);
  }
}

/** Read the LoRAs that are held. @returns {{ name: string, weight: number }[]} */
function read() {
  const parts = String(held?.value ?? "").split(",").filter(Boolean);
  return parts.map((part) => {
    const end = part.lastIndexOf(":");
    return end < 0 ? { name: part.trim(), weight: 1 } : { name: part.slice(0, end).trim(), weight: Number(part.slice(end + 1)) };
  });
}

function write(loras, isShown = true) {
  held.value = loras.map(({ name, weight }) => `${name}:${weight}`).join(",");
  if (isShown) repaint();
}

/** List files behind what is chosen without one. */
function list(first, files) {
  return [{ value: "", name: first }, ...files.map(({ name, thumb }) => ({ value: name, name, thumb }))];
}
