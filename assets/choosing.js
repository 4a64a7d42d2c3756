// Several pictures of one run in the picture's place: each as it comes, one to choose, back to all of them.
import { findElement, make, typeInto } from "./dom.js";
import { say } from "./words.js";

const MOVES = { ArrowRight: 1, ArrowDown: 2, ArrowLeft: -1, ArrowUp: -2 }; // in a grid of two columns

/**
 * A finished picture and how it was made, as page/view.py builds them.
 * @typedef {{ picture: any, strip: any }} Made
 */

/** PictureGrid shows the pictures of a run side by side until one is chosen. */
export class PictureGrid {
  /** @type {readonly Made[]} */
  #made = [];
  #count = 0;
  #preview = "";
  #chosen = 0;

  /** @param {(made: Made) => void} onChoose called with the picture that is now the one */
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.node = make("div.choices", { role: "group", "aria-label": say("Pictures to choose from"), hidden: true, onkeydown: (event) => this.#pressKey(event) });
  }

  get hasChoice() { return this.#count > 1 && this.#made.length > 1; }
  get isOpen() { return !this.node.hidden; }

  /** Follow the picture's value: a run of several opens the grid, a run of one closes it. */
  show({ state, count = 1, pictures, image }) {
    if (state === "waiting") return this.#reset();
    if (count < 2 || !pictures) return state === "done" && this.#reset();
    const begins = !this.#count;
    [this.#made, this.#count, this.#preview] = [pictures, count, state === "drawing" && image ? image : ""];
    if (begins) this.open();
    this.#paint();
  }

  /** Show all pictures again. */
  open() {
    this.node.hidden = false;
    this.#paint();
  }
  /** Show the chosen picture alone. */
  close() { this.node.hidden = true; }
  /** Put the focus on the chosen picture. */
  focus() { this.#tiles()[this.#chosen]?.focus(); }

  #reset() {
    [this.#made, this.#count, this.#chosen, this.#preview] = [[], 0, 0, ""];
    this.node.hidden = true;
    this.node.replaceChildren();
  }
  /** @returns {HTMLButtonElement[]} */
  #tiles() { return [...this.node.querySelectorAll("button")]; }

  #paint() {
    this.node.style.setProperty("--columns", this.#count > 1 ? "2" : "1");
    for (let place = 0; place < this.#count; place += 1) {
      const tile = this.#tiles()[place] ?? this.#addTile(place);
      const made = this.#made[place];
      const source = made?.picture.image ?? (place === this.#made.length ? this.#preview : "");
      const image = /** @type {HTMLImageElement} */ (tile.firstElementChild);
      if (source && image.getAttribute("src") !== source) image.src = source;
      image.hidden = !source;
      tile.disabled = !made;
      tile.dataset.stage = made ? "done" : source ? "drawing" : "waiting";
      tile.setAttribute("aria-pressed", String(Boolean(made) && place === this.#chosen));
      tile.setAttribute("aria-label", made ? say("Picture {number} of {count}: take this one", { number: place + 1, count: this.#count }) : say("Picture {number} of {count} is coming", { number: place + 1, count: this.#count }));
    }
  }
  #addTile(place) {
    const tile = make("button.choice", { type: "button", onclick: () => this.choose(place) }, make("img", { alt: "", hidden: true }));
    this.node.append(tile);
    return tile;
  }

  /** Make one of the pictures the picture, and close the grid. */
  choose(place) {
    if (!this.#made[place]) return;
    this.#chosen = place;
    this.node.hidden = true;
    this.#paint();
    this.onChoose(this.#made[place]);
  }

  #pressKey(event) {
    const tiles = this.#tiles(), at = tiles.indexOf(event.target), move = MOVES[event.key];
    if (at < 0 || !move) return;
    tiles[at + move]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Build the choice of how many pictures a run makes, which is Settings' own number. */
export function mountCounts({ element }) {
  const describe = (count) => count > 1 ? say("{count} pictures", { count }) : say("1 picture");
  const select = make("select.counts", { "aria-label": say("How many pictures to choose from"), title: say("How many pictures to choose from"), onchange: () => typeInto(findElement("#count input[type=number]"), select.value) },
    ...[1, 2, 3, 4].map((count) => make("option", { value: count }, describe(count))));
  element.replaceChildren(select);
  // Settings' number may change by hand, or with a picture that is brought back
  document.addEventListener("input", ({ target }) => target instanceof HTMLInputElement && target.closest("#count") && (select.value = target.value));
  return { refresh: () => (select.value = findElement("#count input[type=number]").value) };
}
