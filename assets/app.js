// Puts the page together: which module builds which component, what the keys do, what Draw sends.
import { mountCanvas } from "./canvas.js";
import { get, isTyping, type } from "./dom.js";
import { mountChip, mountExamples, mountFold, mountHistory, mountLibrary, mountPicture, mountStatus, mountStrip } from "./panels.js";

const MOUNTS = {
  canvas: mountCanvas, picture: mountPicture, strip: mountStrip, chip: mountChip,
  library: mountLibrary, examples: mountExamples, history: mountHistory, status: mountStatus, fold: mountFold,
};
const parts = {};
let ticket = ""; // names the run under way, so that Stop stops this one and no other
let sent = ""; // the drawing of the run under way
let pending = {}; // what the next run takes in place of the page's own inputs

/** What the panels may ask of the page. */
const page = {
  style: () => parts.chip?.value() ?? "auto",
  styleName: (id) => parts.library?.all().find((style) => style.id === id)?.name ?? id,
  styleChanged: () => parts.library?.repaint(),
  libraryChanged() {
    const all = parts.library?.all() ?? [];
    const gone = (worn) => !all.some(({ id }) => id === worn);
    if (all.length && parts.chip?.ids().some(gone)) parts.chip.choose("auto");
    parts.chip?.repaint();
  },
  wears: (id) => parts.chip?.ids().includes(id) ?? false,
  useStyle: (id) => parts.chip.choose(id),
  mixStyle: (id) => parts.chip.toggle(id),
  ticket: () => ticket,
  show: (modes) => Object.entries(modes).forEach(([mode, on]) => desk()?.classList.toggle(mode, on)),

  /** The same drawing and seed in another style: only the style changes. */
  tryStyle(id) {
    parts.chip.choose(id);
    pending.seed = parts.strip.props.value.seed;
    draw();
  },
  begin({ canvas, prompt }) {
    parts.canvas.load(JSON.stringify(canvas));
    type(promptField(), prompt);
    parts.chip.choose("auto");
    draw();
  },
};

/** Called by each component's js_on_load. */
export function mount(name, component) {
  parts[name] = { ...MOUNTS[name](component, page), props: component.props };
}

/** @returns {HTMLTextAreaElement} */
const promptField = () => get("#prompt textarea");
const desk = () => document.getElementById("desk");
const isBusy = () => Boolean(desk()?.classList.contains("busy"));
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function draw() {
  if (isBusy()) stop();
  setTimeout(() => get("#draw").click(), 0); // after Gradio has taken up what was just typed and chosen
}

function stop() {
  get("#stop").click();
}

/** Called by Python's `js=`: they take an event's inputs and give what the server or the outputs receive. */
globalThis.croquis = {
  /** Draw's inputs; the first is the canvas, the last two are the seed and the ticket (SETTINGS in page/easel.py). */
  begin(...inputs) {
    ticket = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // no randomUUID over plain http
    sent = inputs[0];
    inputs.splice(-2, 2, pending.seed ?? inputs.at(-2), ticket);
    pending = {};
    parts.picture.show({ state: "waiting", message: "Getting ready" });
    get("#picture").scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    return inputs;
  },
  /** The ticket to stop. The page lets go at once; the server follows within a step. */
  stop() {
    const stopped = ticket;
    ticket = "";
    if (isBusy()) parts.picture.show({ state: "stopped", message: "Stopped." });
    return stopped;
  },
  /** After a run: its pictures join the session's, with the drawing that made them. */
  keep() {
    const picture = parts.picture.props.value;
    if (picture?.state !== "done" || picture.ticket !== ticket) return;
    for (const other of [...(picture.more ?? [])].reverse()) parts.history.add({ ...other, canvas: sent });
    parts.history.add({ picture, strip: parts.strip.props.value, canvas: sent });
  },
  /** Everything as it was for a picture of this session, in the order of `Easel.restore`. */
  recall() {
    const { picture, strip, canvas } = parts.history.recalled();
    if (isBusy()) stop();
    ticket = picture.ticket;
    return [canvas, ...picture.settings, strip, picture];
  },
  seedUsed: () => parts.strip.props.value.seed,
};

document.addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && key === "enter") return act(event, () => isBusy() || draw());
  if (key === "enter" && !event.shiftKey && event.target === promptField()) return act(event, () => isBusy() || draw());
  if (key === "escape" && isBusy()) return act(event, stop);
  if (isTyping(event.target) || event.altKey) return;
  if (command && key === "z") return act(event, event.shiftKey ? parts.canvas.redo : parts.canvas.undo);
  if (command && key === "y") return act(event, parts.canvas.redo);
  if (!command && parts.canvas.key(key)) event.preventDefault();
});

function act(event, action) {
  event.preventDefault();
  event.stopPropagation();
  action();
}
