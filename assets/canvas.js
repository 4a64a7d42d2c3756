// Build the canvas that people draw on: pointer events in, a Drawing out, its JSON as the component's value.
import { Beneath, STRENGTH, layStart, showStart } from "./beneath.js";
import { Drawing } from "./drawing.js";
import { describeProblem, make } from "./dom.js";
import { readFile, readPicture } from "./intake.js";
import { changeSheet } from "./marks.js";
import { Selection } from "./selection.js";
import { Sheet } from "./sheet.js";
import { Tools } from "./tools.js";
import { Underlay } from "./underlay.js";

/** Build the canvas inside a gr.HTML element, and return what the rest of the page asks of it. */
export function mountCanvas({ element, props, trigger, watch }, page) {
  const drawing = new Drawing();
  const sheet = new Sheet(drawing, { onStroke: change, onMove: page.followPen, onPick: (color) => tools.takeColor(color), onUndo: () => tools.undo(), onRedo: () => tools.redo(), onView: () => tools.more.refresh() });
  const tools = new Tools(drawing, sheet, { onChange: change, onClear: clear, onFile: openFile, onSheet: changeSize });
  sheet.helpers = { selection: new Selection(sheet, change), picture: new Underlay(sheet, change) };
  const beneath = new Beneath(sheet, { onChange: change, onWay: (way) => page.goOnFromSheet(way) });
  /** @type {Record<string, any>} */
  let settings = {};
  let hasStart = false; // as Settings know it
  element.replaceChildren(make("div.easel", {}, tools.rail, sheet.node, tools.palette.node));
  acceptFiles(element.closest("#canvas") ?? element, openFile);
  watch("value", () => {
    if (props.value && props.value !== String(drawing)) load(props.value);
  });
  update();

  function update(message = "") {
    sheet.repaint();
    tools.refresh(message);
    beneath.refresh();
    props.value = String(drawing);
    page.noteDrawing();
    tellStart();
  }
  /** Tell Settings, whose strength does not count then, whether there is a picture to start from. */
  function tellStart() {
    const lies = drawing.now.picture?.strength != null;
    if (lies !== hasStart) setTimeout(() => trigger("start", { lies }), 0); // after Gradio has taken up the drawing
    hasStart = lies;
  }
  /** Change the drawing by something that replaces it, and say how the one before comes back. */
  function replace(change) {
    const isDrawn = drawing.now.strokes.length > 0;
    change();
    update();
    if (isDrawn) page.tellReplaced();
  }
  /** Show what a hand changed, and let the live picture follow. */
  function change(message = "") {
    update(message);
    page.followPen();
  }
  function load(text) {
    replace(() => drawing.load(text));
  }
  /** Show a kept drawing with its undo; return whether there is something on it. */
  function restore(record) {
    drawing.restore(record);
    update();
    return !drawing.isBlank;
  }
  function changeSize(size) {
    drawing.changeSheet(changeSheet(drawing.now, size));
    change();
  }
  async function openFile(file) {
    try {
      const { file: whole, picture } = await readFile(file);
      if (whole) return trigger("recipe", { data: whole });
      const strength = drawing.now.picture?.strength;
      if (strength != null) return await startFrom(picture, strength);
      placePicture(picture);
      beneath.open(true);
    } catch (problem) {
      tools.refresh(describeProblem(problem));
    }
  }
  function clear() {
    replace(() => drawing.clear());
    page.followPen();
  }
  function placePicture(source) {
    replace(() => drawing.placePicture(source));
    page.followPen();
  }
  /** Lay a picture under the drawing, for the next one to start from. */
  async function startFrom(source, strength = drawing.now.picture?.strength ?? STRENGTH) {
    await layStart(drawing, source, strength);
    change();
    beneath.open(true);
  }
  /** Lay the picture of a file under the drawing as startFrom does, whatever recipe it carries. */
  async function startFromFile(file) {
    try {
      await startFrom(await readPicture(file));
    } catch (problem) {
      tools.refresh(describeProblem(problem));
    }
  }
  /** Take the page's settings as they are, by name. */
  function noteSettings(values) {
    settings = values;
    beneath.noteEngine(values.engine);
  }
  const keeping = {
    record: () => drawing.record(sheet.underWay), restore, isDrawing: () => sheet.underWay.length > 0,
    isBlank: () => drawing.isBlank, clear,
  };
  /** Return the drawing as JSON with the stroke under way, for the live picture; null where nothing is drawn. */
  const write = () => (drawing.isEmpty && !sheet.underWay.length ? null : drawing.write(sheet.underWay));
  const starting = { startFrom, startFromFile, showStart: () => showStart(sheet), settings: () => settings, noteSettings };
  return { load, openFile, placePicture, write, ...keeping, ...starting, readText: (text) => trigger("recipe", { text }), undo: tools.undo, redo: tools.redo, pressKey: tools.pressKey };
}

/** Pass on the picture files that are dropped on the page or pasted outside a text field. */
function acceptFiles(target, onFile) {
  const markTarget = (on) => (event) => {
    event.preventDefault();
    target.classList.toggle("over", on);
  };
  document.addEventListener("dragover", markTarget(true));
  document.addEventListener("dragleave", markTarget(false));
  document.addEventListener("drop", async (event) => {
    markTarget(false)(event);
    const file = event.dataTransfer && (event.dataTransfer.files[0] ?? await fetchDraggedPicture(event.dataTransfer));
    if (file) onFile(file);
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) onFile(file);
  });
}

/** Fetch a picture that was dragged from this page's own history, as its address; return null for other hosts'. */
async function fetchDraggedPicture(transfer) {
  const address = transfer.getData("text/uri-list").split("\n")[0];
  if (!address || new URL(address).origin !== location.origin) return null;
  const blob = await (await fetch(address)).blob();
  return new File([blob], "picture", { type: blob.type });
}
