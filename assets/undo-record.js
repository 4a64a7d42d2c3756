// A drawing with the states that Undo and Redo go to, as short texts: each state is what it adds to the one before.
// States share their strokes, and a stroke is written once, so that a save of a large drawing takes little time.
import { say } from "./words.js";

const MOST_TEXT = 12_000_000; // characters of all states; the oldest are left out beyond it

/**
 * A drawing as it is kept: `states` are JSON, `sources` the pictures under the strokes, which states share.
 * @typedef {{ states: string[], position: number, sources: string[] }} UndoRecord
 */

/** @type {WeakMap<object, { before: object | null, kept: number, added: string }>} */
const compared = new WeakMap();

/**
 * Write states, of which the drawing shows the one at `position`.
 * @param {readonly any[]} states
 * @param {number} position
 * @param {(stroke: object) => string} writeStroke
 * @returns {UndoRecord}
 */
export function writeUndoRecord(states, position, writeStroke) {
  const first = findFirst(states, position, writeStroke);
  const sources = new Map();
  const texts = states.slice(first).map((state, at) => {
    const { kept, added } = compareStates(state, at ? states[first + at - 1] : null, writeStroke);
    const head = JSON.stringify({ ...state, strokes: undefined, picture: packPicture(state.picture, sources), kept }).slice(0, -1);
    return `${head},"added":[${added}]}`;
  });
  return { states: texts, position: position - first, sources: [...sources.keys()] };
}

/**
 * Read the states of a record, each with the strokes that it shares with the one before.
 * @param {UndoRecord} record
 * @returns {{ states: any[], position: number }}
 */
export function readUndoRecord({ states: texts, position, sources }) {
  /** @type {any[]} */
  const states = [];
  for (const text of texts) {
    const { kept, added, ...rest } = JSON.parse(text);
    const strokes = [...(states.at(-1)?.strokes ?? []).slice(0, kept), ...added];
    states.push({ ...rest, picture: unpackPicture(rest.picture, sources), strokes });
  }
  if (!states[position]) throw new Error(say("The kept drawing has no such state."));
  return { states, position };
}

/** Find the oldest state that is kept: the one shown and as many before it as there is room for. */
function findFirst(states, position, writeStroke) {
  let room = MOST_TEXT;
  for (let at = position; at > 0; at -= 1) {
    const source = readSource(states[at].picture), before = readSource(states[at - 1].picture);
    room -= compareStates(states[at], states[at - 1], writeStroke).added.length + (source === before ? 0 : source?.length ?? 0);
    if (room < 0) return at;
  }
  return 0;
}

/** Compare a state with the one before: how many strokes at the beginning both share, and the others as JSON. */
function compareStates(state, before, writeStroke) {
  const known = compared.get(state);
  if (known && known.before === before) return known;
  const others = before?.strokes ?? [];
  let kept = 0;
  while (kept < state.strokes.length && state.strokes[kept] === others[kept]) kept += 1;
  const found = { before, kept, added: state.strokes.slice(kept).map(writeStroke).join(",") };
  compared.set(state, found);
  return found;
}

const readSource = (picture) => (typeof picture === "string" ? picture : picture?.source);

/** Return a picture with the number of its data URL among all in the URL's place. */
function packPicture(picture, sources) {
  const source = readSource(picture);
  if (typeof source !== "string") return picture ?? null;
  if (!sources.has(source)) sources.set(source, sources.size);
  return typeof picture === "string" ? sources.get(source) : { ...picture, source: sources.get(source) };
}

function unpackPicture(picture, sources) {
  if (typeof picture === "number") return sources[picture];
  return picture ? { ...picture, source: sources[picture.source] } : null;
}
