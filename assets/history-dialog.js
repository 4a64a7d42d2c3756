// The history: a dialog with every kept picture, its search, and one picture large.
import { openDialog } from "./dialog.js";
import { describeProblem, make, makeIcon } from "./dom.js";
import { HistoryGrid } from "./history-grid.js";
import { deleteEverything, deletePictures, findPictures, locatePicture, locateZip, readState, restorePictures, setConsent, setFavourite } from "./history-server.js";
import { makeButton, makeView } from "./history-view.js";
import { say, translate } from "./words.js";

const TYPING_MS = 80; // from the last key until the search begins
const MOST_AT_ONCE = 500; // pictures deleted or saved together, as the server takes them


/**
 * Open the history. `openFile` takes a picture's file, as a dropped one.
 * @param {{ openFile: (file: File) => void, startFrom: (file: File) => void }} page
 */
export async function openHistory(page) {
  const body = make("div.kept-whole", {}, make("p.kept-empty", {}, say("Looking for your pictures…")));
  const dialog = openDialog(say("Your pictures"), body, { name: "kept" });
  try {
    const state = await readState();
    if (state.keeps) new HistoryPanel(body, page, dialog, state);
    else askToKeep(body, () => new HistoryPanel(body, page, dialog, { ...state, keeps: true }));
  } catch (problem) {
    body.replaceChildren(make("p.kept-empty", { role: "alert" }, describeProblem(problem)));
  }
}

/** Ask a visitor whether their pictures may be kept on the server. */
function askToKeep(body, proceed) {
  const said = make("p.kept-fault", { role: "alert" });
  const keep = makeButton("kept-consent.primary", "check", say("Keep my pictures on this server"), async () => {
    try {
      await setConsent(true);
      proceed();
    } catch (problem) {
      said.textContent = describeProblem(problem);
    }
  });
  body.replaceChildren(make("div.kept-ask", {}, makeIcon("history"),
    make("p", {}, say("Pictures that you make from now on can be kept here, to be found again and gone on from.")),
    make("p.kept-note", {}, say("They lie on this server, for this browser alone, until you delete them.")), keep, said));
  keep.focus();
}

class HistoryPanel {
  #search = { words: "", style: "", favourites: false };
  /** @type {number | null} the key of the next page; null at the end */
  #before = null;
  #total = 0;
  #isMore = false; // than were counted
  #asked = 0; // counts searches: a late answer to an earlier one shows no more
  #isLoading = false;
  /** @type {string[]} */
  #deleted = [];
  #grid = new HistoryGrid({ load: () => this.#load(), open: (id) => this.#openPicture(id), choose: () => this.#showChoice() });
  #count = make("p.kept-count", { role: "status" });
  #empty = make("p.kept-empty", { hidden: true });
  #undo = make("div.kept-undo", { hidden: true });
  #styles = make("select.kept-style", { "aria-label": say("Style"), onchange: () => this.#change({ style: this.#styles.value }) });
  #star = makeButton("kept-starred", "star", say("With a star"), () => this.#toggleStars(), { "aria-pressed": false });
  #choose = makeButton("kept-choose", "check", say("Choose"), () => this.#setChoosing(!this.#grid.chosen), { "aria-pressed": false });
  #choice = make("div.kept-choice", {});
  #view = make("div.kept-large", { hidden: true });

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;
  #page;
  #dialog;
  #mode;
  #list;

  constructor(body, page, dialog, state) {
    this.#page = page;
    this.#dialog = dialog;
    this.#mode = state.mode;
    const field = make("input", { type: "search", placeholder: say("Search in words and styles"), "aria-label": say("Search in words and styles"), maxlength: 200, oninput: () => this.#type(field.value) });
    this.#list = make("div.kept-list", {},
      make("div.kept-bar", {}, make("label.kept-search", {}, makeIcon("search"), field), this.#styles, this.#star, this.#choose),
      state.fault ? make("p.kept-fault", { role: "alert" }, translate(state.fault)) : null,
      this.#choice, this.#count, this.#empty, this.#grid.node);
    body.replaceChildren(this.#list, this.#view, this.#undo);
    this.#showChoice();
    this.#restart();
    if (matchMedia("(pointer: fine)").matches) field.focus();
  }

  #type(words) {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#change({ words }), TYPING_MS);
  }
  #change(changes) {
    Object.assign(this.#search, changes);
    this.#restart();
  }
  #toggleStars() {
    this.#star.setAttribute("aria-pressed", !this.#search.favourites);
    this.#change({ favourites: !this.#search.favourites });
  }
  async #restart() {
    this.#asked += 1;
    this.#isLoading = false;
    this.#before = null;
    await this.#load(true);
  }
  /** Load a page of pictures, and more of them while the end is in sight. */
  async #load(isFirst = false) {
    if (this.#isLoading || (!isFirst && this.#before == null)) return;
    this.#isLoading = true;
    const mine = this.#asked;
    try {
      const found = await findPictures(this.#search, isFirst ? null : this.#before);
      if (mine !== this.#asked) return;
      if (isFirst) this.#grid.clear();
      this.#grid.add(found.pictures);
      this.#before = found.before;
      this.#total = found.total;
      this.#isMore = found.is_more;
      if (found.styles) this.#showStyles(found.styles);
      this.#showCount();
    } catch (problem) {
      if (mine === this.#asked) this.#showProblem(problem);
      return;
    } finally {
      if (mine === this.#asked) this.#isLoading = false;
    }
    if (this.#grid.isAtEnd) await this.#load();
  }
  #showStyles(styles) {
    const { style } = this.#search;
    const options = styles.map(({ id, name, count }) => make("option", { value: id, selected: id === style }, `${translate(name)} (${count})`));
    this.#styles.replaceChildren(make("option", { value: "" }, say("All styles")), ...options);
    if (style && !styles.some(({ id }) => id === style)) this.#change({ style: "" });
  }
  #showCount() {
    const { words, style, favourites } = this.#search;
    const isSearch = Boolean(words || style || favourites);
    this.#count.textContent = this.#total === 1 ? say("1 picture") : say("{count} pictures", { count: this.#total.toLocaleString() + (this.#isMore ? "+" : "") });
    this.#empty.hidden = this.#total > 0;
    this.#empty.textContent = isSearch ? say("No picture is like that. Try another word.") : say("Nothing is kept yet. Make a picture, and it is here.");
    this.#count.hidden = !this.#total;
  }
  #showProblem(problem) {
    this.#empty.hidden = false;
    this.#empty.textContent = describeProblem(problem);
  }

  #setChoosing(on) {
    this.#grid.setChoosing(on);
    this.#choose.setAttribute("aria-pressed", on);
    this.#showChoice();
  }
  /** Show what can be done with the chosen pictures, or with all. */
  #showChoice() {
    const chosen = [...(this.#grid.chosen ?? [])];
    const save = (label, ids) => make("a.kept-button", { href: locateZip(ids), download: "", "data-action": "zip" }, makeIcon("save"), label);
    if (!this.#grid.chosen) return this.#choice.replaceChildren();
    this.#choose.setAttribute("aria-pressed", true);
    if (chosen.length) {
      const label = chosen.length === 1 ? say("Save 1 picture") : say("Save {count} pictures", { count: chosen.length });
      return this.#choice.replaceChildren(save(label, chosen.slice(0, MOST_AT_ONCE)), makeButton("kept-delete", "trash", say("Delete"), () => this.#delete(chosen.slice(0, MOST_AT_ONCE))));
    }
    const isAsked = this.#mode === "ask";
    this.#choice.replaceChildren(save(say("Save all pictures"), []),
      makeButton("kept-forget", "trash", isAsked ? say("Delete all and keep no more") : say("Delete all pictures"), () => this.#deleteEverything(isAsked)));
  }
  async #delete(ids) {
    await this.#attempt(async () => {
      await deletePictures(ids);
      this.#deleted = ids;
      this.#grid.remove(ids);
      this.#total = Math.max(0, this.#total - ids.length);
      ids.forEach((id) => this.#grid.chosen?.delete(id));
      this.#showCount();
      this.#showChoice();
      const text = ids.length === 1 ? say("The picture is deleted.") : say("{count} pictures are deleted.", { count: ids.length });
      this.#showUndo(text);
      if (this.#grid.isAtEnd) this.#load();
    });
  }
  #showUndo(text) {
    const undo = make("button.link", { type: "button", onclick: () => this.#bringBack() }, say("Undo"));
    this.#undo.hidden = false;
    this.#undo.replaceChildren(make("span", { role: "status" }, text), undo);
    undo.focus();
  }
  async #bringBack() {
    await this.#attempt(async () => {
      await restorePictures(this.#deleted);
      const [id] = this.#deleted;
      this.#undo.hidden = true;
      await this.#restart();
      this.#grid.findCard(id)?.focus();
    });
  }
  async #deleteEverything(isAsked) {
    if (!confirm(say("Delete all your pictures for good? This cannot be undone."))) return;
    await this.#attempt(async () => {
      await (isAsked ? setConsent(false) : deleteEverything().finally(() => this.#restart())); // some may be gone all the same
      this.#undo.hidden = true;
      if (isAsked) this.#dialog.close();
      else this.#setChoosing(false);
    });
  }

  #openPicture(id) {
    const at = this.#grid.pictures.findIndex((picture) => picture.id === id);
    const picture = this.#grid.pictures[at];
    if (!picture) return this.#closePicture();
    const view = makeView(picture, {
      goOn: () => this.#open(picture, this.#page.openFile), start: () => this.#open(picture, this.#page.startFrom), star: () => this.#toggleStar(picture), back: () => this.#closePicture(id), step: (by) => this.#step(at + by),
      remove: async () => { await this.#delete([id]); this.#closePicture(); },
    }, { isFirst: at === 0, isLast: at === this.#grid.pictures.length - 1 && this.#before == null });
    this.#undo.hidden = true;
    this.#list.hidden = true;
    this.#view.hidden = false;
    this.#view.replaceChildren(view);
    /** @type {HTMLElement} */ (view.querySelector(".kept-go-on")).focus();
  }
  async #step(at) {
    if (at >= this.#grid.pictures.length) await this.#load();
    if (this.#grid.pictures[at]) this.#openPicture(this.#grid.pictures[at].id);
  }
  #closePicture(id = "") {
    this.#view.hidden = true;
    this.#view.replaceChildren();
    this.#list.hidden = false;
    this.#grid.findCard(id)?.focus();
  }
  async #toggleStar(picture) {
    await this.#attempt(async () => {
      await setFavourite(picture.id, !picture.favourite);
      picture.favourite = !picture.favourite;
      this.#grid.refresh(picture);
      this.#openPicture(picture.id);
      /** @type {HTMLElement} */ (this.#view.querySelector(".kept-star")).focus();
    });
  }
  /** Hand the picture's file to the page: to be opened as a dropped one is, or to be started from. */
  async #open({ id }, take) {
    await this.#attempt(async () => {
      const answer = await fetch(locatePicture(id));
      if (!answer.ok) throw new Error(say("This picture's file is gone."));
      take(new File([await answer.blob()], "picture", { type: "image/png" }));
      this.#dialog.close();
    });
  }
  async #attempt(work) {
    try {
      await work();
    } catch (problem) {
      this.#undo.hidden = false;
      this.#undo.replaceChildren(make("span", { role: "alert" }, describeProblem(problem)));
    }
  }
}
