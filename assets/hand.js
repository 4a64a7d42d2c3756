// The layout for the left hand: tools at the right of the sheet, the picture at its left. This browser remembers it.
import { say } from "./words.js";
import { addMenuItem } from "./menu.js";

const KEY = "croquis.hand";

const isLeft = () => document.documentElement.dataset.hand === "left";

/** Take up the layout that was chosen here before, and offer the switch in the menu. */
export function mountHand() {
  setHand(read());
  addMenuItem({ name: "hand", icon: "hand", label: say("I draw with my left hand"), order: 20, isOn: isLeft, onclick: () => setHand(isLeft() ? "right" : "left") });
}

function setHand(hand) {
  document.documentElement.dataset.hand = hand;
  try {
    localStorage.setItem(KEY, hand);
  } catch { /* a browser that keeps nothing forgets it */ }
}

function read() {
  try {
    return localStorage.getItem(KEY) === "left" ? "left" : "right";
  } catch {
    return "right";
  }
}
