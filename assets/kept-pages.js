// What each tab of this browser keeps: one record a tab in IndexedDB, which outlives reload, crash and restart.
import { openDB } from "./vendor/idb.js";

const DATABASE = "croquis", VERSION = 1;
const PAGES = "pages", DRAWINGS = "drawings"; // words and settings are small and change often, drawings are large
const MOST_PAGES = 12; // tabs whose records are kept, the newest
const LONGEST_MS = 60 * 24 * 3600 * 1000; // an older record is forgotten
const TAB_NAME = "croquis-tab"; // in the tab's own sessionStorage
const ANSWER_MS = 200; // how long other tabs have to say that they are there

/**
 * One tab's page: `inputs` are the page's settings by name, `drawing` is the record of undo-record.js.
 * @typedef {{ tab: string, saved: number, inputs: Record<string, unknown>, drawing: any }} KeptPage
 */

/** KeptPages reads and writes this tab's record, and finds what a tab that is gone left behind. */
export class KeptPages {
  #tab = makeName();
  #instance = makeName(); // this page, where a tab was duplicated with its name
  #channel = globalThis.BroadcastChannel ? new BroadcastChannel("croquis-tabs") : null;
  #answers = new Set();
  /** @type {any} */
  #database = null;

  /** Answer other tabs from now on. */
  constructor() {
    this.#channel?.addEventListener("message", ({ data }) => {
      if (data?.ask && data.ask !== this.#instance) this.#channel?.postMessage({ alive: this.#tab, from: this.#instance, to: data.ask });
      if (data?.to === this.#instance) this.#answers.add(data.alive);
    });
  }

  /**
   * Open the database and return what this tab kept, or else what the tab that was left last did; null where there is
   * nothing. Throws where the browser keeps nothing, as some do in private windows.
   * @returns {Promise<KeptPage | null>}
   */
  async open() {
    this.#database = await openDB(DATABASE, VERSION, {
      upgrade: (database) => [PAGES, DRAWINGS].forEach((name) => database.createObjectStore(name, { keyPath: "tab" })),
    });
    const own = sessionStorage.getItem(TAB_NAME);
    const alive = await this.#findTabs();
    if (own && !alive.has(own)) this.#tab = own;
    sessionStorage.setItem(TAB_NAME, this.#tab);
    return this.#findPage(own, alive);
  }

  /** Write what changed of this tab's page; either part may be left out. */
  async write(inputs, drawing) {
    const transaction = this.#database.transaction([PAGES, DRAWINGS], "readwrite");
    const writes = [];
    if (inputs) writes.push(transaction.objectStore(PAGES).put({ tab: this.#tab, saved: Date.now(), inputs }));
    if (drawing) writes.push(transaction.objectStore(DRAWINGS).put({ tab: this.#tab, saved: Date.now(), drawing }));
    await Promise.all([...writes, transaction.done]);
  }

  /** Ask which other tabs are there, and wait for their answers. */
  async #findTabs() {
    this.#channel?.postMessage({ ask: this.#instance });
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    return this.#answers;
  }

  /** Find this tab's page, else the newest of a tab that is gone, which becomes this tab's. */
  async #findPage(own, alive) {
    if (own === this.#tab) return this.#readPage(own);
    const copied = own && (await this.#readPage(own)); // of the tab that this one was duplicated from
    if (copied) return copied;
    const left = (await this.#listTabs()).filter(({ tab }) => !alive.has(tab));
    await Promise.all(left.slice(MOST_PAGES).concat(left.filter(isOld)).map(({ tab }) => this.#forget(tab)));
    const newest = left.find((one) => !isOld(one));
    if (!newest) return null;
    const page = await this.#readPage(newest.tab);
    if (page) await this.write(page.inputs, page.drawing);
    await this.#forget(newest.tab);
    return page;
  }

  async #readPage(tab) {
    const [page, drawn] = await Promise.all([this.#database.get(PAGES, tab), this.#database.get(DRAWINGS, tab)]);
    if (!page && !drawn) return null;
    return { tab, saved: Math.max(page?.saved ?? 0, drawn?.saved ?? 0), inputs: page?.inputs ?? {}, drawing: drawn?.drawing ?? null };
  }

  /** List every tab that kept something, the one that was used last first. */
  async #listTabs() {
    const saved = new Map();
    for (const { tab, saved: at } of await this.#database.getAll(PAGES)) saved.set(tab, at);
    for (const tab of await this.#database.getAllKeys(DRAWINGS)) if (!saved.has(tab)) saved.set(tab, 0);
    return [...saved].map(([tab, at]) => ({ tab, saved: at })).sort((one, other) => other.saved - one.saved);
  }

  async #forget(tab) {
    await Promise.all([PAGES, DRAWINGS].map((name) => this.#database.delete(name, tab)));
  }
}

const isOld = ({ saved }) => Date.now() - saved > LONGEST_MS;

/** Make a name that no other tab has; crypto.randomUUID is not there over plain http. */
function makeName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
