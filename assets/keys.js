// The list of keys, which "?" opens.
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { say } from "./words.js";

/** What each key does; other parts add theirs. @type {[string[], string][]} */
const keys = [
  [[say("Ctrl"), say("Enter")], say("Make the picture")],
  [[say("Enter")], say("Make the picture, from the words")],
  [[say("Esc")], say("Stop")],
  [[say("Ctrl"), "Z"], say("Undo")],
  [[say("Ctrl"), say("Shift"), "Z"], say("Redo")],
  [["B"], say("Pen")],
  [["M"], say("Marker")],
  [["F"], say("Fill")],
  [["E"], say("Eraser")],
  [["I"], say("Pick a colour")],
  [["S"], say("Select; then Ctrl A takes all, Delete deletes, Ctrl D copies")],
  [["X"], say("Symmetry")],
  [["H"], say("See the sheet in a mirror")],
  [["+"], say("Zoom in; with - out, with 0 the whole sheet")],
  [[say("Shift")], say("Held while drawing: a straight line")],
  [[say("Alt")], say("Held and clicked: pick a colour")],
  [["["], say("Thinner")],
  [["]"], say("Thicker")],
  [["←", "↑", "→", "↓"], say("Move the pen over the sheet; with Shift a little")],
  [[say("Space")], say("Set the pen down, and lift it")],
  [["?"], say("These keys")],
];

/**
 * Add a line to the list of keys.
 * @param {string[]} pressed the keys, held together
 * @param {string} meaning
 */
export function addKey(pressed, meaning) {
  keys.splice(-1, 0, [pressed, meaning]);
}

/** Show what each key does. */
export function openKeys() {
  const rows = keys.map(([pressed, meaning]) => make("div", {},
    make("dt", {}, ...pressed.map((key) => make("kbd", {}, nameKey(key)))), make("dd", {}, meaning)));
  openDialog(say("Keys"), make("dl.keys", {}, ...rows), { name: "keys" });
}

/** Name a key as this machine's keyboard does. */
function nameKey(key) {
  const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
  return (isApple && { Ctrl: "⌘", Shift: "⇧" }[key]) || key;
}
