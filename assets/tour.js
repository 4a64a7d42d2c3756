// The tour: five cards, each beside the part that it speaks of. It comes by itself once, in a browser that has not seen
// it, and again from the menu. The page stays as it is meanwhile: whoever begins to work ends it.
import { make } from "./dom.js";
import { say } from "./words.js";

const SEEN = "croquis-tour"; // in localStorage, once the tour was shown
const GAP = 14; // px between a part and its card
const LOOKS = 100; // times that the page is looked at until its parts are there
const PAUSE = 200; // ms between two looks

/** @type {{ part: string, title: string, text: string }[]} */
const STEPS = [
  { part: "#canvas .paper, #canvas", title: say("Draw here"), text: say("With mouse, finger or pen. Colours count: what you paint stays that colour. A photo of a drawing on paper does too.") },
  { part: "#prompt", title: say("Say what it is"), text: say("A few words do, such as “a red fox in a neon city”. A style in your words is found.") },
  { part: "#styles-row, #library", title: say("Choose a style"), text: say("Each little picture shows what comes. Without a choice, Croquis looks for one in your words.") },
  { part: "#draw", title: say("Make the picture"), text: say("The same drawing, words and seed give the same picture again.") },
  { part: "#picture, #canvas", title: say("The picture is yours"), text: say("Save it, share it, or go on from it. Dropped on the page again, its file brings everything back. This tour is in the menu.") },
];

/** Begin the tour, unless this browser has seen it, once the page's parts are there and nobody has begun to work. */
export async function offerTour() {
  if (hasSeen()) return;
  for (let looks = 0; looks < LOOKS && !isPageThere(); looks += 1) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  if (isPageThere() && document.activeElement === document.body && !document.querySelector("dialog[open]")) startTour();
}

/** Begin the tour; where one is under way it begins again. */
export function startTour() {
  document.querySelector("#tour")?.dispatchEvent(new Event("end"));
  new Tour().show(0);
}

class Tour {
  #steps = STEPS.filter(({ part }) => findPart(part));
  #before = /** @type {HTMLElement | null} */ (document.activeElement);
  #place = 0;
  #mark = make("div.tour-mark", { "aria-hidden": "true" });
  #title = make("h2", { id: "tour-title" });
  #text = make("p", { id: "tour-text" });
  #count = make("span.tour-count");
  #back = make("button.tour-back", { type: "button", onclick: () => this.show(this.#place - 1) }, say("Back"));
  #next = make("button.tour-next", { type: "button", onclick: () => this.show(this.#place + 1) });
  #skip = make("button.tour-skip", { type: "button", onclick: () => this.end() }, say("Skip the tour"));
  #card = make("section.tour", { id: "tour", role: "dialog", "aria-labelledby": "tour-title", "aria-describedby": "tour-text", onend: () => this.end() },
    this.#title, this.#text, make("div.tour-foot", {}, this.#count, this.#skip, this.#back, this.#next));

  constructor() {
    rememberSeen();
    document.body.append(this.#mark, this.#card);
    this.#card.addEventListener("keydown", (event) => this.#pressKey(event));
    document.addEventListener("pointerdown", this.#work, true);
    for (const event of ["resize", "scroll"]) addEventListener(event, this.#lay, true);
  }

  /** Show the step of that place; after the last the tour ends. */
  show(place) {
    if (place >= this.#steps.length) return this.end();
    this.#place = Math.max(0, place);
    const { part, title, text } = this.#steps[this.#place];
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#count.textContent = say("{number} of {all}", { number: this.#place + 1, all: this.#steps.length });
    this.#back.hidden = this.#place === 0;
    const isLast = this.#place === this.#steps.length - 1;
    this.#next.textContent = isLast ? say("Done") : say("Next");
    this.#skip.hidden = isLast;
    findPart(part)?.scrollIntoView({ block: "nearest" });
    this.#lay();
    this.#next.focus({ preventScroll: true });
  }

  /** End the tour and give the focus back. */
  end() {
    const hadFocus = this.#card.contains(document.activeElement);
    document.removeEventListener("pointerdown", this.#work, true);
    for (const event of ["resize", "scroll"]) removeEventListener(event, this.#lay, true);
    this.#mark.remove();
    this.#card.remove();
    if (hadFocus) this.#before?.focus({ preventScroll: true });
  }

  /** Whoever begins to work needs no tour. */
  #work = (event) => {
    if (!this.#card.contains(event.target)) this.end();
  };

  #pressKey(event) {
    event.stopPropagation(); // the page's keys rest meanwhile
    if (event.key === "Escape") this.end();
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by && this.#place + by < this.#steps.length) this.show(this.#place + by);
  }

  /** Lay the mark around the part and the card beside it. */
  #lay = () => {
    const box = findPart(this.#steps[this.#place].part)?.getBoundingClientRect();
    if (!box) return;
    place(this.#mark, box.left - 6, box.top - 6, box.width + 12, box.height + 12);
    const { left, top } = choosePlace(box, this.#card.offsetWidth, this.#card.offsetHeight);
    place(this.#card, left, top);
  };
}

/**
 * Choose where a card stands beside a box: below a wide one, to its right, left, below, above, else over its lower part.
 * @param {DOMRect} box
 */
function choosePlace(box, width, height) {
  const { clientWidth, clientHeight } = document.documentElement;
  const along = { left: clamp(box.left + (box.width - width) / 2, clientWidth - width), top: clamp(box.top + 24, clientHeight - height) };
  const isBelow = box.bottom + GAP + height < clientHeight;
  if (isBelow && box.width > 3 * box.height) return { left: along.left, top: box.bottom + GAP };
  if (box.right + GAP + width < clientWidth) return { left: box.right + GAP, top: along.top };
  if (box.left - GAP - width > 0) return { left: box.left - GAP - width, top: along.top };
  if (isBelow) return { left: along.left, top: box.bottom + GAP };
  if (box.top - GAP - height > 0) return { left: along.left, top: box.top - GAP - height };
  return { left: along.left, top: clamp(box.bottom - height - GAP, clientHeight - height) };
}

/** Keep a place at least 8 px within the window. */
const clamp = (value, most) => Math.max(8, Math.min(value, most - 8));

function place(node, left, top, width, height) {
  Object.assign(node.style, { left: `${left}px`, top: `${top}px`, ...(width && { width: `${width}px`, height: `${height}px` }) });
}

/**
 * Find the first part that a list of selectors names and that is shown, in the list's order.
 * @returns {HTMLElement | undefined}
 */
function findPart(selectors) {
  const parts = selectors.split(", ").map((selector) => /** @type {HTMLElement} */ (document.querySelector(selector)));
  return parts.find((part) => part?.getClientRects().length);
}

const isPageThere = () => ["#canvas canvas", "#prompt", "#draw"].every(findPart);

/** Tell whether this browser has shown the tour; one that keeps nothing counts as having seen it. */
function hasSeen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return true;
  }
}

function rememberSeen() {
  try {
    localStorage.setItem(SEEN, "1");
  } catch { /* a browser that keeps nothing */ }
}
