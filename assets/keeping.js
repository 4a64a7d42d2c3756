// Keep the page: drawing, words, style and settings are written down as they change, and are there again after a
// reload, a crash or a restart. A quiet line says what came back.
import { make, makeIcon } from "./dom.js";
import { KeptPages } from "./kept-pages.js";
import { say } from "./words.js";

const WAIT_MS = 300; // from a change until it is written
const LASTING_MS = 15_000; // for which Undo is offered where a drawing was replaced
const LOOK_MS = 400; // how often a stroke under way is looked at
const SHARE = 20; // a save that took long is repeated after that many times as long, so that the hand never waits

/**
 * Build the keeper of this page. `page.canvas()` gives the canvas's part, with record(), restore(record), isBlank() and
 * clear().
 */
export function mountKeeping({ element, trigger }, page) {
  const pages = new KeptPages();
  /** @type {Record<string, unknown> | null} */
  let inputs = null; // the page's settings by name, as they are
  /** @type {Record<string, unknown> | null} */
  let usual = null; // the same as they were when the page opened
  /** @type {Record<string, unknown>} */
  let wanted = {}; // what the inputs are to become
  let isOpen = false; // what was kept is back, and may be written over
  let changed = { inputs: false, drawing: false };
  let timer = 0;
  let lasting = 0; // the timer of a line that goes by itself
  let nextSave = 0; // ms, not before
  element.hidden = true;
  element.classList.add("kept");
  start();
  setInterval(() => page.canvas()?.isDrawing() && noteChange("drawing"), LOOK_MS);
  addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());

  async function start() {
    try {
      const kept = await pages.open();
      trigger("look");
      await waitFor(() => inputs && page.canvas());
      usual = inputs;
      if (kept) bringBack(kept);
      isOpen = true;
      noteChange("inputs");
      noteChange("drawing");
    } catch (problem) {
      console.warn("Nothing is kept in this browser:", problem);
    }
  }
  /** Bring back a kept page; a drawing that was begun meanwhile stays. */
  function bringBack({ inputs: kept, drawing }) {
    const canvas = page.canvas();
    const isDrawn = drawing && canvas.isBlank() && canvas.restore(drawing);
    wanted = { ...usual, ...Object.fromEntries(Object.entries(kept).filter(([name]) => name in (usual ?? {}))) };
    const isOther = JSON.stringify(wanted) !== JSON.stringify(usual);
    inputs = wanted; // or a save that comes before Gradio has them back would write the usual ones
    if (isOther) trigger("bring_back");
    const words = String(wanted.prompt ?? "").trim();
    const told = tellBack(isDrawn, isOther, Boolean(words));
    if (told) showLine(told, say("Start anew"), startAnew);
  }
  /** Show a line with what can be done about it. */
  function showLine(text, label, act) {
    clearTimeout(lasting);
    element.hidden = false;
    element.replaceChildren(make("p", { role: "status" }, text),
      make("button.link", { type: "button", onclick: () => { hideLine(); act(); } }, label),
      make("button.close", { type: "button", "aria-label": say("Close"), title: say("Close"), onclick: hideLine }, makeIcon("close")));
  }
  /** Say that something took the place of a drawing, and offer Undo for a while. */
  function tellReplaced() {
    showLine(say("Undo brings your drawing back."), say("Undo"), () => page.canvas().undo());
    lasting = setTimeout(hideLine, LASTING_MS);
  }
  function hideLine() {
    element.hidden = true;
    element.replaceChildren();
  }
  function startAnew() {
    wanted = { ...usual };
    trigger("bring_back");
    page.canvas().clear();
  }

  /** Note that something changed, "inputs" or "drawing"; it is written soon. */
  function noteChange(what) {
    changed[what] = true;
    if (!isOpen || timer) return;
    timer = setTimeout(save, Math.max(WAIT_MS, nextSave - performance.now()));
  }
  /** Take the page's settings as they are, by name; the first are the usual ones. */
  function noteInputs(values) {
    if (JSON.stringify(values) === JSON.stringify(inputs)) return;
    inputs = values;
    noteChange("inputs");
  }
  async function save() {
    clearTimeout(timer);
    timer = 0;
    if (!isOpen || !(changed.inputs || changed.drawing)) return;
    const began = performance.now();
    const parts = [changed.inputs ? inputs : null, changed.drawing ? page.canvas().record() : null];
    changed = { inputs: false, drawing: false };
    try {
      const writing = pages.write(...parts);
      nextSave = performance.now() + SHARE * (performance.now() - began);
      await writing;
    } catch (problem) {
      console.warn("The page could not be kept:", problem);
    }
  }
  return { noteChange, noteInputs, tellReplaced, wanted: () => wanted };
}

/** Say what came back; nothing where a page was blank. */
function tellBack(isDrawn, isOther, hasWords) {
  if (isDrawn) return hasWords ? say("Your drawing and your words are back as you left them.") : say("Your drawing is back as you left it.");
  if (!isOther) return "";
  return hasWords ? say("Your words and settings are back as you left them.") : say("Your settings are back as you left them.");
}

/** Wait until something is there, such as a part that is built by another script. */
async function waitFor(find) {
  while (!find()) await new Promise((resolve) => setTimeout(resolve, 30));
}
