// Put the page together: which module builds which component, what the keys do, what Draw sends.
import { mountApart } from "./apart.js";
import { mountCanvas } from "./canvas.js";
import { mountCounts } from "./choosing.js";
import { findElement, isTyping, prefersReducedMotion, typeInto } from "./dom.js";
import { mountExamples } from "./examples.js";
import { mountFaithful } from "./faithful.js";
import { mountFilm } from "./film.js";
import { mountFold } from "./folds.js";
import { mountHand } from "./hand.js";
import { mountHeader } from "./header.js";
import { mountHistory } from "./history.js";
import { mountHistoryButton, tellFaults } from "./history-button.js";
import { mountKeeping } from "./keeping.js";
import { colourFrame, registerWorker } from "./installing.js";
import { onPastedData } from "./intake.js";
import { openKeys } from "./keys.js";
import { Live } from "./live.js";
import { mountStrip } from "./making.js";
import { addMenuItem, mountMenu } from "./menu.js";
import { mountMessages } from "./messages.js";
import { addPictureAction, mountPicture } from "./picture.js";
import { mountControlnets, mountReadings } from "./readings.js";
import { mountReconnecting } from "./reconnecting.js";
import { offerSaving } from "./saving.js";
import { mountStatus } from "./status.js";
import { mountAnswers, mountHeldValue, mountLibrary } from "./library.js";
import { mountLoras, mountOwnFiles } from "./own-files.js";
import { openStyledPart } from "./style-part.js";
import { mountChip } from "./style-row.js";
import { mountStyleSheet } from "./style-sheet.js";
import { AUTO, readMix } from "./styles.js";
import { translateToldSentences } from "./told.js";
import { offerTour, startTour } from "./tour.js";
import { mountWantedParts } from "./wanted-parts.js";
import { say } from "./words.js";

const MOUNTS = {
  canvas: mountCanvas, picture: mountPicture, strip: mountStrip, chip: mountChip,
  library: mountLibrary, examples: mountExamples, history: mountHistory, status: mountStatus, fold: mountFold,
  header: mountHeader, apart: mountApart, counts: mountCounts, faithful: mountFaithful, film: mountFilm, keeping: mountKeeping,
  answers: mountAnswers, part: mountHeldValue, colours: mountHeldValue, loras: mountLoras, own: mountOwnFiles, sheet: mountStyleSheet, controlnets: mountControlnets, readings: mountReadings, wanted: mountWantedParts,
};
const parts = {};
let ticket = ""; // names the run under way, so that Stop stops this one and no other
let sentDrawing = ""; // the drawing of the run under way
const NEAR = 0.3; // variation strength of pictures that are near another
/** @type {(() => void) | null} */
let whenStylesChange = null; // what shows styles beside the row
let pending = {}; // what the next run takes in place of the page's own inputs

/** The panels ask the page through these. */
const page = {
  style: () => parts.chip?.value() ?? AUTO,
  mix: () => parts.chip?.mix() ?? [],
  words: () => document.querySelector("#prompt textarea") ? findPromptField().value : "",
  styles: () => parts.library?.all() ?? [],
  findStyle: (id) => parts.library?.find(id),
  styleName: (id, name = id) => parts.library?.find(id)?.name ?? name,
  orderedStyles: () => parts.chip?.order() ?? [],
  /** @returns {import("./styles.js").Mix} what the picture that is shown wears */
  wornStyles: () => (parts.strip?.props.value?.chosen ?? []).map(({ id, weight }) => [id, weight]),
  askLibrary: (action, data) => parts.library.ask(action, data),
  /** Show styles again: there are others, or others are worn. */
  showStyles() {
    const worn = [...page.mix(), ...readMix(page.styledPart()?.style)].map(([id]) => id);
    parts.library?.fetchLent(worn);
    if (page.styles().length) parts.chip?.takeOff(worn.filter((id) => !page.findStyle(id) && !parts.library.isComing(id)));
    parts.chip?.show();
    whenStylesChange?.();
  },
  tellStyle: (text) => parts.chip.tell(text),
  /** Call `repaint` whenever styles are others, until null is given. */
  onStyles: (repaint) => (whenStylesChange = repaint),
  palette: () => parts.colours?.value() ?? "",
  setPalette(palette, redraw = true) {
    parts.colours.set(palette);
    if (redraw) page.redraw();
  },
  /** @returns {{ mask: string, style: string } | null} the part of the picture that wears another style */
  styledPart: () => JSON.parse(parts.part?.value() || "null"),
  setStyledPart(part) {
    parts.part.set(part ? JSON.stringify(part) : "");
    page.redraw();
  },
  openPart: () => openStyledPart(page, findElement("#picture .frame img")),
  openSheet: () => parts.sheet.open(),
  ticket: () => ticket,
  canvas: () => parts.canvas,
  tellReplaced: () => parts.keeping?.tellReplaced(),
  /** Note that the drawing changed. */
  noteDrawing() {
    parts.keeping?.noteChange("drawing");
    parts.readings?.noteDrawing();
  },
  setModes: (modes) => Object.entries(modes).forEach(([mode, on]) => findDesk()?.classList.toggle(mode, on)),

  /** Draw the same drawing and seed in another style. */
  tryStyle: (id) => parts.chip.wear(id),
  /** Wear a style with a seed, and draw. */
  wearStyle(id, seed) {
    parts.chip.setValue(id);
    pending.seed = seed;
    draw();
  },
  /** Draw the picture that is shown anew, from its seed; nothing where there is none. */
  redraw() {
    if (!parts.strip?.props.value || findDesk()?.classList.contains("fresh")) return;
    pending.seed = parts.strip.props.value.seed;
    draw();
  },
  /** Draw four pictures near the one that is shown, from its own drawing, words and settings. */
  drawVariations() {
    const { settings } = parts.picture.props.value;
    const seed = parts.strip.props.value.seed;
    pending.inputs = [findDrawing(), ...Object.values({ ...settings, seed, variation_seed: -1, variation_strength: NEAR, count: 4 })];
    draw();
  },
  /** Make one of several pictures the picture: what is saved, and how it was made, follow. */
  takePicture({ picture, strip }) {
    const { count, pictures } = parts.picture.props.value;
    parts.picture.props.value = { ...picture, count, pictures };
    parts.strip.props.value = strip;
    parts.picture.showPicture(parts.picture.props.value);
    parts.strip.repaint();
  },
  goOnFromSheet: (way) => parts.picture.goOnFromSheet(way),
  /** Begin work on the picture that is shown, or on a drawing's, and return the ticket of the run. */
  beginWork(message, drawing = findDrawing()) {
    if (isBusy()) stop();
    sentDrawing = drawing;
    ticket = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    parts.picture.showPicture({ state: "waiting", message });
    return ticket;
  },
  finishedPicture: () => parts.picture?.finished(),
  notePictureMade: () => parts.apart?.reset(),
  openFilm: (picture) => parts.film.open(picture),
  placePicture: (source) => parts.canvas.placePicture(source),
  followPen: () => live.noteDrawing(),
  notePicture: (value) => live.notePicture(value),
  isLiveShown: () => live.view.isShown,
  enterFrame: (frame) => live.view.enter(frame),
  /** Load an example and draw it. */
  drawExample({ canvas, prompt }) {
    parts.canvas.load(JSON.stringify(canvas));
    typeInto(findPromptField(), prompt);
    draw();
  },
};

mountMessages();
mountMenu();
mountHand();
mountReconnecting({ onAway: stopCutRun });
mountHistoryButton({ openFile: (file) => parts.canvas.openFile(file), startFrom: (file) => parts.canvas.startFromFile(file), draw });
registerWorker();
colourFrame();
offerTour();
addMenuItem({ name: "tour", icon: "forward", label: say("Show me around"), order: 70, onclick: startTour });
addMenuItem({ name: "keys", icon: "keys", label: say("Keys  ?"), order: 80, onclick: openKeys });
const live = new Live({
  write: () => parts.canvas.write(),
  isDrawing: () => parts.canvas.isDrawing(),
  isBusy: () => isBusy(),
  isReady: () => Boolean(document.querySelector("#status [data-ready=true]")),
  lastSeed: () => parts.strip?.props.value?.seed,
  onShow: () => page.setModes({ fresh: false }),
});

/** Build a component; each one's js_on_load calls this. */
export function mount(name, component) {
  parts[name] = { ...MOUNTS[name](component, page), props: component.props };
}

/** @returns {HTMLTextAreaElement} */
const findPromptField = () => findElement("#prompt textarea");
const findDesk = () => document.getElementById("desk");
const isBusy = () => Boolean(findDesk()?.classList.contains("busy"));

/** Return the drawing of the picture that is shown; a picture that was dropped here has the one on the sheet. */
const findDrawing = () => parts.picture.props.value?.ticket == null ? parts.canvas.props.value : sentDrawing;

/** Return what there is to save: the last whole picture with its drawing, what is on the sheet, the words. */
const listMade = () => ({
  picture: live.view.isShown ? null : parts.picture.finished(), makeFirst: live.view.isShown ? draw : null, pictured: findDrawing(), drawing: parts.canvas.props.value, isBlank: parts.canvas.isBlank(), words: findPromptField().value,
});

/** Press Draw, after stopping the run under way. */
function draw() {
  if (isBusy()) stop();
  setTimeout(() => findElement("#draw").click(), 0); // after Gradio has taken up what was just typed and chosen
}

function stop() {
  findElement("#stop").click();
}

/** Stop a run whose server is gone; tell whether there was one. */
function stopCutRun() {
  const isCut = isBusy();
  if (isCut) globalThis.croquis.stopRun();
  return isCut;
}

/** Python's `js=` calls these: they take an event's inputs and return what the server or the outputs receive. */
globalThis.croquis = {
  /**
   * Begin a run from Draw's inputs, and return them with the seed and the ticket of this run.
   * The first is the canvas, the last two are the seed and the ticket (SETTINGS in page/easel.py).
   */
  beginRun(...inputs) {
    ticket = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // no randomUUID over plain http
    inputs[0] ||= parts.canvas.write(); // Gradio may have lost it where the server was started anew
    if (pending.inputs) inputs.splice(0, pending.inputs.length, ...pending.inputs);
    sentDrawing = inputs[0];
    const seed = pending.seed ?? inputs.at(-2);
    inputs.splice(-2, 2, seed === -1 ? live.seed ?? seed : seed, ticket);
    pending = {};
    parts.counts.refresh();
    parts.picture.showPicture({ state: "waiting", message: say("Getting ready") });
    findElement("#picture").scrollIntoView({ block: "nearest", behavior: prefersReducedMotion() ? "auto" : "smooth" });
    return inputs;
  },
  /** Return a sheet's inputs: Draw's, from the seed of the picture that is shown, and in the ticket's place what it shows. */
  beginSheet(...inputs) {
    const shown = findDesk()?.classList.contains("fresh") ? null : parts.strip.props.value;
    inputs.splice(-2, 2, shown?.seed ?? inputs.at(-2), JSON.stringify(parts.sheet.wish()));
    return inputs;
  },
  /** Return the ticket to stop. The page shows it at once; the server follows within a step. */
  stopRun() {
    const stopped = ticket;
    ticket = "";
    if (isBusy()) parts.picture.showPicture({ state: "stopped", message: say("Stopped.") });
    return stopped;
  },
  /** Keep a finished run's pictures among the session's, with the drawing that made them. */
  keepPictures() {
    const picture = parts.picture.props.value;
    if (picture?.state !== "done" || picture.ticket !== ticket) return;
    const made = picture.pictures ?? [{ picture, strip: parts.strip.props.value }];
    for (const each of [...made].reverse()) parts.history.addPicture({ ...each, canvas: sentDrawing });
    tellFaults();
  },
  /** Say that a run never reached the server, or was lost there; what is drawn stays. */
  tellFailed() {
    if (isBusy()) parts.picture.showPicture({ state: "error", message: say("Croquis does not answer. Try again in a moment.") });
  },
  /** Return everything as it was for a picture of this session, in the order of `Easel.restore`. */
  recallPicture() {
    const { picture, strip, canvas } = parts.history.recalled();
    if (isBusy()) stop();
    ticket = picture.ticket;
    sentDrawing = canvas;
    live.awaitSettings(picture.settings);
    return [canvas, ...Object.values(picture.settings), strip, picture];
  },
  /** Take the page's settings as they are, by the names of SETTINGS, to be kept and to be drawn from. */
  noteInputs(values) {
    for (const part of [live, parts.faithful, parts.readings, parts.canvas]) part?.noteSettings(values);
    if (parts.keeping) parts.keeping.noteInputs(values);
    else setTimeout(() => globalThis.croquis.noteInputs(values), 50);
  },
  readFaithful: (names) => parts.faithful.read(names),
  readLines: () => parts.faithful.lines(),
  /** Return the settings that come back, in the order of `names`. */
  bringBackInputs: (names) => names.map((name) => parts.keeping.wanted()[name]),
  readSeed: () => parts.strip.props.value.seed,
  /** Return the style that Draw sends; for scripts beside the page. */
  readStyle: () => page.style(),
  /** Return the drawing as JSON, and show another; for scripts beside the page. */
  readDrawing: () => parts.canvas.props.value,
  loadDrawing: (text) => parts.canvas.load(text),
};

document.addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && key === "enter") return handleKey(event, () => isBusy() || draw());
  if (key === "enter" && !event.shiftKey && event.target === findPromptField()) return handleKey(event, () => isBusy() || draw());
  if (key === "escape" && isBusy()) return handleKey(event, stop);
  if (isTyping(event.target) || event.altKey) return;
  if (command && key === "z") return handleKey(event, event.shiftKey ? parts.canvas.redo : parts.canvas.undo);
  if (command && key === "y") return handleKey(event, parts.canvas.redo);
  if (key === "?") return handleKey(event, openKeys);
  if (!command && parts.canvas.pressKey(key)) event.preventDefault();
});

onPastedData(findPromptField, (text) => parts.canvas.readText(text));

/** Do what a key stands for, in the browser's place. */
function handleKey(event, action) {
  event.preventDefault();
  event.stopPropagation();
  action();
}

offerSaving(listMade);
addPictureAction({ name: "style-part", icon: "brush-mask", label: say("A style on a part: brush it"), order: 15, onclick: () => page.openPart() });
translateToldSentences();
