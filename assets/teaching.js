// Teach a style by pictures: one dialog from the pictures to the style, which may be closed while it goes on.
import { openDialog } from "./dialog.js";
import { describeProblem, make, makeIcon } from "./dom.js";
import { acceptDrops } from "./own-style.js";
import { describeSeconds } from "./progress.js";
import { beginTeaching, discardTeaching, goOnTeaching, locateSample, readTeaching, stopTeaching } from "./teaching-server.js";
import { say, translate } from "./words.js";

/** @typedef {import("./teaching-server.js").Teaching} Teaching */

const LEAST = 3, MOST = 20; // pictures
const LOOK_EVERY = 1000; // ms, while it goes on
const RUNNING = ["looking", "learning"];

/** TeachingDialog shows how a style is taught, and hands over what comes out. */
export class TeachingDialog {
  /** @type {File[]} */
  #files = [];
  /** @type {Teaching | null} */
  #teaching = null;
  /** @type {{ node: HTMLDialogElement, close: () => void } | null} */
  #dialog = null;
  #body = make("div.teaching");
  #looking = 0;
  #shown = ""; // what the body was built for
  #takeBack = () => {}; // takes back that it was stopped, told under the row

  /** @param {{ wear: (id: string) => void, tell: (text: string, actions?: [string, () => void][]) => () => void, refresh: () => Promise<unknown> }} row */
  constructor(row) {
    this.row = row;
  }

  /** Tell whether this visitor may teach, and go on watching what is taught already. */
  async isAllowed() {
    const teaching = await readTeaching().catch(() => null);
    if (teaching?.allowed) this.#take(teaching);
    return Boolean(teaching?.allowed);
  }

  /** Open the dialog, with pictures that were dropped or chosen before. @param {File[]} [files] */
  async open(files = []) {
    this.#files = [];
    this.#shown = "";
    this.#takeBack(); // the dialog says how it stands now
    this.#body.replaceChildren();
    this.#dialog = openDialog(say("Teach a style"), this.#body, { name: "teaching", onClose: () => { this.#dialog = null; } });
    await this.#try(async () => this.#take(await readTeaching()));
    if (this.#teaching?.state === "done" || !this.#teaching?.state) this.#showForm();
    if (files.length) this.#add(files);
  }

  /** Take what the server says: show it, and look again while it goes on. @param {Teaching} teaching */
  #take(teaching) {
    const before = this.#teaching?.state ?? "none";
    this.#teaching = teaching;
    this.#paint();
    clearTimeout(this.#looking);
    if (RUNNING.includes(teaching.state ?? "")) this.#looking = window.setTimeout(() => this.#look(), LOOK_EVERY);
    else if (RUNNING.includes(before)) this.#tellEnd(teaching);
  }
  async #look() {
    const teaching = await readTeaching().catch(() => null);
    if (teaching) this.#take(teaching);
    else this.#looking = window.setTimeout(() => this.#look(), 3 * LOOK_EVERY);
  }
  async #tellEnd(/** @type {Teaching} */ { state, name, style }) {
    if (state === "done") await this.row.refresh();
    if (this.#dialog) return this.#paint();
    if (state === "done") this.row.tell(say("“{name}” is one of your styles now.", { name }), [[say("Wear it"), () => this.row.wear(style)]]);
    else this.#takeBack = this.row.tell(say("“{name}” was stopped on its way.", { name }), [[say("Show it"), () => this.open()]]);
  }

  /** Do something with the server, and show what goes wrong. @param {() => Promise<void>} work */
  async #try(work) {
    try {
      await work();
    } catch (error) {
      this.#tellProblem(describeProblem(error));
    }
  }
  #tellProblem(/** @type {string} */ words) {
    const problem = this.#body.querySelector(".problem") ?? this.#body.appendChild(make("p.problem", { role: "alert" }));
    problem.textContent = words;
  }

  #paint() {
    if (!this.#dialog || !this.#teaching) return;
    const { state = "none" } = this.#teaching;
    if (state === "none") return this.#showForm();
    const kind = RUNNING.includes(state) ? "running" : state;
    if (this.#shown === "form" && kind === "done") return; // the next one is being prepared
    if (this.#shown !== kind) this.#build(kind);
    this.#update();
  }

  /** Build the form: pictures, a name, Begin. */
  #showForm() {
    if (this.#shown === "form") return;
    this.#shown = "form";
    const choose = make("input", { type: "file", id: "teaching-files", accept: "image/*,.heic,.heif", multiple: true, hidden: true, onchange: () => {
      this.#add([...(choose.files ?? [])]);
      choose.value = "";
    } });
    const place = make("button.teaching-drop", { type: "button", onclick: () => choose.click() }, makeIcon("plus"), make("span", {}, say("Choose 3 to 20 pictures, or drop them here")));
    acceptDrops(place, (files) => this.#add(files));
    const name = make("input", { id: "teaching-name", maxlength: 60, autocomplete: "off", required: true });
    const begin = make("button.primary", { type: "submit" }, say("Begin"));
    const form = make("form.names", { onsubmit: (event) => {
      event.preventDefault();
      this.#begin(name.value, begin);
    } },
    make("p.style-note", {}, say("Croquis looks at pictures of one kind and makes a style of how they look. It goes on while you draw.")),
    choose, place, make("ul.teaching-pictures"), make("p.style-note.teaching-count", { role: "status" }),
    make("label", { for: name.id }, say("Name of your style")), name, make("p.problem", { role: "alert" }), begin);
    this.#body.replaceChildren(form);
    this.#paintFiles();
  }
  #add(/** @type {File[]} */ files) {
    this.#showForm();
    this.#files.push(...files);
    this.#tellProblem(""); // of the pictures before
    this.#paintFiles();
  }
  #paintFiles() {
    const list = this.#body.querySelector(".teaching-pictures");
    list?.replaceChildren(...this.#files.map((file, place) => this.#buildFile(file, place)));
    const count = this.#files.length, said = this.#body.querySelector(".teaching-count");
    if (said) said.textContent = describeCount(count);
    const begin = /** @type {HTMLButtonElement | null} */ (this.#body.querySelector("button.primary"));
    if (begin) begin.disabled = !suffices(count);
  }
  #buildFile(/** @type {File} */ file, /** @type {number} */ place) {
    const address = URL.createObjectURL(file), label = say("Take {name} out", { name: file.name });
    const image = make("img", { src: address, alt: file.name, onload: () => URL.revokeObjectURL(address), onerror: () => URL.revokeObjectURL(address) });
    return make("li", {}, image, make("button.take-out", { type: "button", title: label, "aria-label": label, onclick: () => {
      this.#files.splice(place, 1);
      this.#tellProblem("");
      this.#paintFiles();
    } }, "×"));
  }
  async #begin(/** @type {string} */ name, /** @type {HTMLButtonElement} */ begin) {
    begin.disabled = true;
    this.#tellProblem("");
    await this.#try(async () => this.#take(await beginTeaching(name, this.#files)));
    this.#paintFiles();
  }

  /** Build what stays while it goes on, or once it has ended. */
  #build(/** @type {string} */ kind) {
    this.#shown = kind;
    const makeButton = (name, label, onclick) => make(`button.${name}`, { type: "button", onclick }, label);
    const send = (action) => () => this.#try(async () => this.#take(await action()));
    const stop = makeButton("plain", say("Stop"), () => {
      stop.disabled = true;
      send(stopTeaching)();
    });
    const another = makeButton("plain", say("Teach another"), () => {
      this.#files = [];
      this.#showForm();
    });
    const goOn = makeButton("primary", say("Go on"), send(goOnTeaching)), away = makeButton("plain", say("Throw it away"), send(discardTeaching));
    const wear = makeButton("primary", say("Wear it"), () => {
      this.#dialog?.close();
      this.row.wear(this.#teaching?.style ?? "");
    });
    /** @type {Record<string, Node[]>} */
    const buttons = { running: [stop], stopped: [goOn, away], failed: [goOn, away], done: [wear, another] };
    this.#body.replaceChildren(
      make("h3.teaching-name"),
      make("progress", { "aria-label": say("Progress"), hidden: kind === "done" }),
      make("p.style-note.teaching-said", { role: "status" }),
      make("div.teaching-samples"),
      make("p.problem", { role: "alert" }),
      make("div.teaching-buttons", {}, ...buttons[kind]),
    );
  }
  #update() {
    const teaching = /** @type {Teaching} */ (this.#teaching), find = (selector) => /** @type {any} */ (this.#body.querySelector(selector));
    find(".teaching-name").textContent = teaching.name;
    const bar = find("progress");
    if (teaching.of) Object.assign(bar, { max: teaching.of, value: teaching.step });
    else if (!RUNNING.includes(teaching.state ?? "")) bar.hidden = true; // without a value it moves, as if something went on
    const failed = teaching.state === "failed";
    find(".teaching-said").textContent = failed ? "" : describe(teaching);
    if (failed) this.#tellProblem(describe(teaching));
    const samples = find(".teaching-samples");
    for (const step of teaching.samples) if (!samples.querySelector(`[data-step="${step}"]`)) samples.append(buildSample(step));
  }
}

/** Tell whether so many pictures teach a style. */
function suffices(/** @type {number} */ count) { return count >= LEAST && count <= MOST; }

/** Say how many pictures were chosen, and how many are needed where they do not suffice. */
function describeCount(/** @type {number} */ count) {
  if (!count) return "";
  if (count === 1) return say("1 picture; 3 to 20 are needed.");
  return suffices(count) ? say("{count} pictures", { count }) : say("{count} pictures; 3 to 20 are needed.", { count });
}

/** Say how far it is. @param {Teaching} teaching */
function describe({ state, step, of, seconds_left, message, name }) {
  if (state === "looking") return say("Looking at picture {step} of {of}", { step, of });
  if (state === "failed") return translate(message);
  if (state === "done") return say("“{name}” is one of your styles now.", { name });
  if (state === "stopped") return of ? say("Stopped at step {step} of {of}. All of it is kept.", { step, of }) : say("It was stopped on its way. All of it is kept.");
  if (seconds_left == null) return say("Step {step} of {of}", { step, of });
  return say("Step {step} of {of}, {time} left", { step, of, time: describeSeconds(seconds_left) });
}

/** Build a picture that shows the style after a step. */
function buildSample(/** @type {number} */ step) {
  const label = step ? say("After step {step}", { step }) : say("In your style");
  return make("figure", { "data-step": step }, make("img", { src: locateSample(step), alt: label }), make("figcaption", {}, label));
}
