// Live: while the pen moves the picture follows, small and quick; when it rests, the whole one comes. Nothing is kept.
import { LiveView } from "./live-view.js";
import { say, translate } from "./words.js";

const AT_ONCE = 8; // ms after a change, for those that come together
const UNDER_WAY = 320; // ms from one draft to the next while the pen is down: the canvas needs the machine too
const TYPING = 300; // ms after a change of words or settings
const REST = 700; // ms without a change, after which the whole picture comes
const SLOW = 1200; // ms; drafts that take longer do not follow a pen
const ARRIVING = 5000; // ms within which the settings of a picture that was called back have come into the page
const RECENT = 5, MOST_SLOW = 4; // of so many drafts so many may not be slow
const BREAK = 20_000; // ms for which live drawing leaves a busy machine alone
const KEPT = "croquis-live"; // what a person chose, in this browser
const OWN = ["seed", "count"]; // settings that live pictures have of their own

/** Live asks the server for a picture of the drawing as it is, one at a time, always of the newest. */
export class Live {
  #visitor = crypto.randomUUID?.() ?? `${Math.random()}${Math.random()}`; // no randomUUID over plain http
  #number = 0;
  #seed = chooseSeed();
  #goesOn = false; // with the seed of the finished picture
  /** @type {Record<string, any>} the page's settings by name */
  #settings = {};
  /** @type {string | null} what the picture that is shown was made of, but for the drawing */
  #shown = null;
  /** @type {string | null} the settings that are on their way into the page, of a picture that was called back */
  #coming = null;
  #settling = 0;
  /** @type {{ isDraft: boolean } | null} the picture that is being drawn */
  #running = null;
  #isWanted = false; // the drawing or the settings are newer than what was last asked for
  #isSettled = true; // the whole picture has been asked for
  #changed = 0; // ms, when something changed last
  #began = -Infinity; // ms, when the last picture was asked for
  #timer = 0;
  #due = Infinity; // ms, when the timer ends
  #restsUntil = 0;
  /** @type {number[]} ms that the last drafts took */
  #times = [];

  /** @param {{ write: () => string | null, isDrawing: () => boolean, isBusy: () => boolean, isReady: () => boolean, lastSeed: () => number | undefined, onShow: () => void }} page */
  constructor(page) {
    this.page = page;
    this.view = new LiveView((isOn) => this.#switch(isOn));
    this.#start();
  }

  /** The seed of the live picture that is shown, for Draw to finish it; null where none is. */
  get seed() { return this.view.isShown ? this.#seed : null; }

  /** Take note of a change to the drawing; while the pen is down too. */
  noteDrawing() {
    this.#note(this.page.isDrawing() ? UNDER_WAY : AT_ONCE);
  }

  /** Take note of the page's settings, by their names. */
  noteSettings(settings) {
    this.#settings = settings;
    clearTimeout(this.#settling);
    const areComing = this.#coming !== null && this.#describe() !== this.#coming; // one by one, on a busy machine
    if (!areComing) this.#coming = null;
    this.#settling = setTimeout(() => this.#compare(), areComing ? ARRIVING : TYPING);
  }

  /** Let the settings of a picture that was called back come into the page before anything is drawn by them. */
  awaitSettings(settings) {
    const coming = describe(settings);
    this.#coming = coming === this.#describe() ? null : coming;
  }

  /** Draw anew where the settings have become others than those of the picture that is shown. */
  #compare() {
    this.#coming = null;
    if (!this.page.isBusy() && this.#shown !== null && this.#describe() !== this.#shown) this.#note(TYPING);
  }

  /** Take note of the picture that is shown in the place of live ones. */
  notePicture({ state, settings, ticket }) {
    if (state === "waiting") return this.#drop();
    if (["drawing", "done"].includes(state)) this.view.hide();
    if (state !== "done") return;
    this.#shown = describe(settings ?? this.#settings);
    if (settings && ticket == null) this.awaitSettings(settings); // a picture that was dropped here
    this.#goesOn = true;
    this.#start(); // an engine may have shown by now that it is quick enough
    this.#isWanted = false;
    this.#isSettled = true;
  }

  async #start() {
    const chosen = readChoice();
    if (chosen !== null) return this.view.setOn(chosen);
    const answer = await fetch(findAddress()).catch(() => null);
    if (answer?.ok) this.view.setOn((await answer.json()).on);
  }

  #switch(isOn) {
    keepChoice(isOn);
    this.#restsUntil = 0;
    this.#times = [];
    this.view.setOn(isOn);
    if (!isOn) return this.#drop();
    this.#note(AT_ONCE);
  }

  #note(wait) {
    this.#changed = performance.now();
    this.#isWanted = true;
    this.#isSettled = false;
    this.#plan(wait);
  }

  /** Draw in `wait` ms at the latest; while the pen is down not before the last draft is UNDER_WAY old. */
  #plan(wait) {
    if (!this.view.isOn || this.#running?.isDraft) return; // the end of the run plans the next
    const now = performance.now();
    if (wait !== UNDER_WAY) return this.#wait(wait);
    const left = Math.max(AT_ONCE, this.#began + UNDER_WAY - now);
    if (now + left < this.#due) this.#wait(left); // each move of the pen comes here: it puts nothing off
  }

  #wait(milliseconds) {
    clearTimeout(this.#timer);
    this.#due = performance.now() + milliseconds;
    this.#timer = setTimeout(() => this.#drawNext(), milliseconds);
  }

  #drawNext() {
    this.#due = Infinity;
    if (!this.view.isOn || this.page.isBusy() || this.#running?.isDraft || !this.page.isReady() || !("seed" in this.#settings)) return;
    const now = performance.now();
    if (now < this.#restsUntil) return this.#wait(this.#restsUntil - now);
    if (this.#isWanted) return void this.#draw(true);
    if (this.#isSettled || this.#running) return;
    const left = this.#changed + REST - now;
    if (left <= 0 && !this.page.isDrawing()) return void this.#draw(false);
    this.#wait(Math.max(left, AT_ONCE));
  }

  /** Ask for one picture and show it, unless a newer one was asked for meanwhile. */
  async #draw(isDraft) {
    if (this.#goesOn) this.#seed = this.page.lastSeed() ?? this.#seed;
    this.#goesOn = false;
    const drawing = this.page.write();
    if (drawing === null) { // an empty sheet is no picture
      this.#drop();
      return this.view.hide();
    }
    const run = this.#running = { isDraft };
    const number = ++this.#number, began = this.#began = performance.now(), made = this.#describe();
    if (isDraft) this.#isWanted = false;
    else this.#isSettled = true;
    try {
      const bitmap = await this.#fetch(isDraft, number, drawing);
      if (bitmap && number === this.#number && this.view.isOn && !this.page.isBusy()) this.#show(bitmap, performance.now() - began, made);
      else bitmap?.close();
      if (isDraft) this.#judge(performance.now() - began);
    } catch (problem) {
      this.view.tell(problem instanceof Refused ? translate(problem.message) : say("Live drawing waits for the server."));
    }
    if (this.#running !== run) return;
    this.#running = null;
    this.#plan(this.#isWanted ? (this.page.isDrawing() ? UNDER_WAY : 0) : AT_ONCE);
  }

  /** @returns {Promise<ImageBitmap | null>} null where a newer drawing took its place */
  async #fetch(isDraft, number, drawing) {
    const { seed } = this.#settings;
    const settings = Object.values({ ...this.#settings, seed: seed === -1 ? this.#seed : seed, count: 1 });
    const head = JSON.stringify({ visitor: this.#visitor, number, draft: isDraft, settings });
    const answer = await fetch(findAddress(), { method: "POST", body: `${head}\n${drawing}`, headers: { "Content-Type": "application/x-ndjson" } });
    if (answer.status === 204) return null;
    if (!answer.ok) throw new Refused((await answer.json()).error);
    return createImageBitmap(await answer.blob()); // decoded beside the main thread
  }

  #show(bitmap, milliseconds, made) {
    this.#shown = made;
    this.view.show(bitmap, milliseconds);
    this.page.onShow();
  }

  /** Leave a machine alone that is too busy to follow a pen. */
  #judge(milliseconds) {
    this.#times = [...this.#times, milliseconds].slice(-RECENT);
    if (this.#times.filter((time) => time > SLOW).length < MOST_SLOW) return;
    this.#times = [];
    this.#restsUntil = performance.now() + BREAK;
    this.view.tell(say("Live rests: this machine is busy."), BREAK);
  }

  /** Ask for nothing more, and show nothing that is still on its way. */
  #drop() {
    clearTimeout(this.#timer);
    this.#due = Infinity;
    this.#number += 1;
    this.#isWanted = false;
    this.#isSettled = true;
  }

  #describe() { return describe(this.#settings); }
}

/** Refused is what the server says against a drawing. */
class Refused extends Error {}

/** Return what decides a picture's look besides the drawing. */
function describe(settings) {
  return JSON.stringify(Object.entries(settings).filter(([name]) => !OWN.includes(name)));
}

function findAddress() {
  return new URL("live", document.baseURI);
}

function chooseSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** @returns {boolean | null} what a person chose in this browser; null where nobody did */
function readChoice() {
  const kept = globalThis.localStorage?.getItem(KEPT) ?? null;
  return kept === null ? null : kept === "on";
}

function keepChoice(isOn) {
  globalThis.localStorage?.setItem(KEPT, isOn ? "on" : "off");
}
