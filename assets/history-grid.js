// The grid of kept pictures: loaded page by page as it is scrolled, moved through by arrow keys.
import { make, makeIcon } from "./dom.js";
import { locateThumbnail } from "./history-server.js";
import { say } from "./words.js";

/** Return what a picture is called: its words, or that it has none. */
export const namePicture = ({ words }) => words || say("A picture without words");

/** HistoryGrid shows pictures as cards; `load` is called while there are more of them and the end is near. */
export class HistoryGrid {
  /** @type {import("./history-server.js").Kept[]} */
  pictures = [];
  /** @type {Set<string> | null} the ids chosen so far; null where a click opens a picture */
  chosen = null;
  #cards = make("ul.kept-grid", { "aria-label": say("Kept pictures") });
  #end = make("div.kept-end");
  #on;

  /** @param {{ load: () => void, open: (id: string) => void, choose: () => void }} on */
  constructor(on) {
    this.#on = on;
    this.node = make("div", { onkeydown: (event) => this.#moveFocus(event) }, this.#cards, this.#end);
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && on.load(), { rootMargin: "600px" }).observe(this.#end);
  }

  /** Tell whether the end of the cards can be seen, or soon will be. */
  get isAtEnd() {
    const { top } = this.#end.getBoundingClientRect();
    return this.#end.isConnected && top < innerHeight + 600;
  }

  clear() {
    this.pictures = [];
    this.#cards.replaceChildren();
  }

  /** @param {import("./history-server.js").Kept[]} more */
  add(more) {
    this.pictures.push(...more);
    this.#cards.append(...more.map((picture) => this.#makeCard(picture)));
  }

  /** Take cards away. @param {string[]} ids */
  remove(ids) {
    this.pictures = this.pictures.filter(({ id }) => !ids.includes(id));
    for (const id of ids) this.findCard(id)?.parentElement?.remove();
  }

  /** Show a card anew, after its star or its being chosen changed. */
  refresh(picture) {
    this.findCard(picture.id)?.parentElement?.replaceWith(this.#makeCard(picture));
  }

  /** @returns {HTMLElement | null} */
  findCard(id) {
    return this.#cards.querySelector(`[data-id="${id}"]`);
  }

  /** Begin to choose, or end it. @param {boolean} on */
  setChoosing(on) {
    this.chosen = on ? new Set() : null;
    this.#cards.replaceChildren(...this.pictures.map((picture) => this.#makeCard(picture)));
  }

  #makeCard(picture) {
    const { id, favourite, width, height } = picture;
    const name = namePicture(picture);
    const isChosen = this.chosen?.has(id) ?? false;
    const image = make("img", { src: locateThumbnail(id), alt: "", loading: "lazy", decoding: "async", width, height });
    const mark = this.chosen ? make("span.kept-mark", {}, isChosen ? makeIcon("check") : null) : favourite ? make("span.kept-mark.star", {}, makeIcon("star")) : null;
    const label = favourite ? say("{words}, with a star", { words: name }) : name;
    return make("li", {}, make("button.kept-card", {
      type: "button", "data-id": id, title: name, "aria-label": label, ...(this.chosen && { "aria-pressed": isChosen }), onclick: () => this.#press(picture),
    }, image, mark, make("span.kept-words", {}, name)));
  }
  #press(picture) {
    if (!this.chosen) return this.#on.open(picture.id);
    if (!this.chosen.delete(picture.id)) this.chosen.add(picture.id);
    this.refresh(picture);
    this.findCard(picture.id)?.focus();
    this.#on.choose();
  }
  #moveFocus(event) {
    const cards = /** @type {HTMLElement[]} */ ([...this.#cards.querySelectorAll(".kept-card")]);
    const at = cards.indexOf(event.target);
    if (at < 0) return;
    const { top } = cards[0].getBoundingClientRect();
    const columns = cards.findIndex((card) => card.getBoundingClientRect().top > top + 1);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns > 0 ? columns : cards.length, ArrowUp: columns > 0 ? -columns : -cards.length }[event.key];
    const next = event.key === "Home" ? cards[0] : event.key === "End" ? cards.at(-1) : by ? cards[at + by] : undefined;
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}
