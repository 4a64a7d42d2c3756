// The menu behind the header's last button: what is needed seldom.
import { make, makeIcon } from "./dom.js";
import { addAction } from "./header.js";
import { say } from "./words.js";

/**
 * An item of the menu; one with `isOn` is a switch.
 * @typedef {{ name: string, icon: string, label: string, onclick: () => void, order: number, isOn?: () => boolean }} Item
 */

/** @type {Item[]} */
const items = [];
const list = make("div.menu", { popover: "auto", role: "menu", "aria-label": say("Menu"), onkeydown: moveFocus });

/**
 * Add an item to the menu, in its place by `order`.
 * @param {Item} item
 */
export function addMenuItem(item) {
  items.push(item);
  items.sort((one, other) => one.order - other.order);
}

/** Put the menu's button into the header. */
export function mountMenu() {
  document.body.append(list);
  const button = addAction({ name: "menu", icon: "menu", label: say("Menu"), order: 90, onclick: () => openMenu(button) });
  button.setAttribute("aria-haspopup", "menu");
  list.addEventListener("toggle", (event) => button.setAttribute("aria-expanded", String(/** @type {any} */ (event).newState === "open")));
}

function openMenu(button) {
  list.replaceChildren(...items.map(makeItem));
  const { bottom, right } = button.getBoundingClientRect();
  list.style.top = `${bottom + 6}px`;
  list.style.right = `${document.documentElement.clientWidth - right}px`;
  list.togglePopover();
  findItems()[0]?.focus();
}

/**
 * Make an item's button.
 * @param {Item} item
 */
function makeItem({ name, icon, label, onclick, isOn }) {
  const role = isOn ? "menuitemcheckbox" : "menuitem";
  const choose = () => { list.hidePopover(); onclick(); };
  const mark = isOn?.() ? makeIcon("check") : null;
  return make("button.menu-item", { type: "button", role, "data-item": name, ...(isOn && { "aria-checked": isOn() }), onclick: choose }, makeIcon(icon), make("span", {}, label), mark);
}

/** @returns {HTMLElement[]} */
const findItems = () => [...list.querySelectorAll(".menu-item")];

/** Move the focus by arrow keys, as menus do. */
function moveFocus(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const all = findItems();
  all.at((all.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + by) % all.length)?.focus();
}
