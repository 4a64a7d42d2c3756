// A list of names with small pictures, of which one is chosen: WAI-ARIA's combobox without a field for text.
import { make, makeIcon } from "./dom.js";

const PAGE = 8; // options that PageUp and PageDown pass
const TYPING = 600; // ms after which typed letters begin a name anew
const TALLEST = 420; // px of the open list
const ROW = 52; // px of an option
const EDGE = 8; // px that stay free beside it

/**
 * A name in the list; without a picture an empty frame stands beside it.
 * @typedef {{ value: string, name: string, thumb?: string }} Option
 */

let count = 0;

/** PictureList is a field with a label: a button that shows what is chosen, and the list that it opens. */
export class PictureList {
  /**
   * @param {string} label
   * @param {(value: string) => void} onchoose
   */
  constructor(label, onchoose) {
    this.onchoose = onchoose;
    this.value = "";
    /** @type {Option[]} */
    this.options = [];
    this.active = 0;
    this.typed = { text: "", at: 0 };
    this.id = `picture-list-${(count += 1)}`;
    this.list = make("div.picture-options", { id: this.id, popover: "auto", role: "listbox", "aria-labelledby": `${this.id}-label`, onclick: (event) => this.press(event), onbeforetoggle: (event) => this.toggle(event.newState === "open") });
    this.button = make("button.picture-choice", { type: "button", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": this.id, "aria-labelledby": `${this.id}-label`, onkeydown: (event) => this.answer(event) });
    this.button.popoverTargetElement = this.list;
    this.node = make("div.own-field", {}, make("span", { id: `${this.id}-label` }, label), this.button, this.list);
    this.place = this.place.bind(this);
  }

  /**
   * Show these options, one of them chosen; nothing where they are shown already.
   * @param {Option[]} options
   * @param {string} value
   */
  fill(options, value) {
    if (value === this.value && JSON.stringify(options) === JSON.stringify(this.options)) return;
    this.options = options;
    this.value = value;
    this.list.replaceChildren(...options.map((each, place) => make("div.picture-option", { id: `${this.id}-${place}`, role: "option", "data-value": each.value, "aria-selected": String(each.value === value) }, makePicture(each), make("span.name", {}, each.name), makeIcon("check"))));
    const chosen = this.options.find((each) => each.value === value) ?? { value, name: value };
    this.button.replaceChildren(makePicture(chosen), make("span.name", {}, chosen.name));
    this.activate(this.findChosen());
  }

  findChosen() {
    return Math.max(0, this.options.findIndex((each) => each.value === this.value));
  }

  isOpen() {
    return this.list.matches(":popover-open");
  }

  /** Follow the list as it opens and closes. */
  toggle(opens) {
    this.button.setAttribute("aria-expanded", String(opens));
    const listen = opens ? window.addEventListener : window.removeEventListener;
    for (const event of ["scroll", "resize"]) listen.call(window, event, this.place, true);
    if (!opens) {
      this.typed = { text: "", at: 0 };
      this.button.removeAttribute("aria-activedescendant");
      return;
    }
    this.place();
    requestAnimationFrame(() => this.activate(this.findChosen()));
  }

  /** Lay the open list beneath its button, or above where there is more room. */
  place() {
    const { top, bottom, left, width } = this.button.getBoundingClientRect();
    const below = innerHeight - bottom - EDGE, above = top - EDGE, { style } = this.list;
    const isBelow = below >= Math.min(TALLEST, above, ROW * this.options.length + 2 * EDGE);
    style.maxHeight = `${Math.max(120, Math.min(TALLEST, isBelow ? below : above) - 6)}px`;
    style.width = `${Math.min(Math.max(width, 240), innerWidth - 2 * EDGE)}px`;
    style.left = `${Math.max(EDGE, Math.min(left, innerWidth - Math.max(width, 240) - EDGE))}px`;
    style.top = isBelow ? `${bottom + 4}px` : "auto";
    style.bottom = isBelow ? "auto" : `${innerHeight - top + 4}px`;
  }

  /** Mark the option that Enter would choose. */
  activate(place) {
    this.active = Math.min(Math.max(place, 0), this.options.length - 1);
    for (const [each, node] of [...this.list.children].entries()) node.classList.toggle("active", each === this.active);
    if (!this.isOpen() || this.active < 0) return;
    this.button.setAttribute("aria-activedescendant", `${this.id}-${this.active}`);
    this.list.children[this.active].scrollIntoView({ block: "nearest" });
  }

  press(event) {
    const option = event.target.closest("[role=option]");
    if (option) this.choose([...this.list.children].indexOf(option));
  }

  /** Choose an option, and close the list. */
  choose(place) {
    this.list.hidePopover();
    this.button.focus();
    const { value } = this.options[place];
    if (value !== this.value) this.onchoose(value);
  }

  /** Answer a key as such lists do. @param {KeyboardEvent} event */
  answer(event) {
    if (event.ctrlKey || event.metaKey || event.key === "Escape") return;
    if (event.key === "Tab") {
      this.list.hidePopover();
      return;
    }
    const isOpen = this.isOpen(), isPress = event.key === "Enter" || (event.key === " " && !this.isTypedOn());
    const to = this.findPlace(event.key);
    if (isPress ? !isOpen : to === null) return; // pressed while it is closed: the button opens it by itself
    event.preventDefault();
    if (isPress) {
      this.choose(this.active);
      return;
    }
    if (!isOpen) this.list.showPopover();
    if (isOpen || event.key.length === 1) requestAnimationFrame(() => this.activate(/** @type {number} */ (to)));
  }

  isTypedOn() {
    return this.typed.text !== "" && performance.now() - this.typed.at < TYPING;
  }

  /** Find where a key leads: by steps, to an end, or to the next name that begins with what is typed; null for nowhere. */
  findPlace(key) {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[key];
    if (by) return Math.min(Math.max(this.active + by, 0), this.options.length - 1);
    if (key === "Home" || key === "End") return key === "Home" ? 0 : this.options.length - 1;
    return key.length === 1 ? this.findTyped(key) : null;
  }

  findTyped(letter) {
    this.typed = { text: (this.isTypedOn() ? this.typed.text : "") + letter.toLowerCase(), at: performance.now() };
    const names = this.options.map(({ name }) => name.toLowerCase()), { text } = this.typed;
    const start = text.length === 1 ? this.active + 1 : this.active;
    const after = names.map((_, place) => (place + start) % names.length);
    return after.find((place) => names[place].startsWith(text)) ?? after.find((place) => names[place].includes(text)) ?? this.active;
  }
}

/** Make an option's picture; its name says what it is. @param {Option} option */
function makePicture({ thumb }) {
  return thumb ? make("img.thumb", { src: thumb, alt: "" }) : make("span.thumb", {});
}
