// The header's button that opens the history, and the one sentence where pictures cannot be kept.
import { addAction } from "./header.js";
import { openHistory } from "./history-dialog.js";
import { readState } from "./history-server.js";
import { showMessage } from "./messages.js";
import { say, translate } from "./words.js";

const WRITING_MS = 1500; // a finished picture is kept by then
const OPENING_MS = 8000; // a page that opens has something else to say first, and most servers have opened their store
const ASK_MS = 4000; // between two questions to a server that has not
const ASKS = 30; // at most
const SEEN_MS = 3000; // that a message has to stand: a page that is opened anew before tells it again
const TOLD_OF = "croquis-interrupted"; // in localStorage: the latest picture cut off that was told of
let told = ""; // what was told last: each fault is told once
let toldOf = ""; // the same of a picture cut off
let draw = () => {};

/**
 * Put the history's button into the header, where the host keeps pictures.
 * @param {{ openFile: (file: File) => void, startFrom: (file: File) => void, draw: () => void }} page
 */
export async function mountHistoryButton(page) {
  draw = page.draw;
  const button = addAction({ name: "history", icon: "history", label: say("Your pictures"), order: 40, onclick: () => openHistory(page) });
  setTimeout(askInterrupted, OPENING_MS);
  const state = await readState().catch(() => null);
  if (state?.mode === "off") button.hidden = true;
}

/** Ask whether a picture was cut off until the server knows. */
async function askInterrupted(asks = ASKS) {
  const state = await readState().catch(() => null);
  if (state?.interrupted === undefined && asks > 1) setTimeout(askInterrupted, ASK_MS, asks - 1);
  else tellInterrupted(state);
}

/** Tell of a picture that an end of Croquis cut off, once. @param {{ interrupted?: string } | null} state */
function tellInterrupted(state) {
  const when = state?.interrupted;
  try {
    if (!when || when <= toldOf || when <= (localStorage.getItem(TOLD_OF) ?? "")) return;
  } catch {
    return; // a page without a memory of its own would tell it at each visit
  }
  toldOf = when;
  setTimeout(() => localStorage.setItem(TOLD_OF, when), SEEN_MS);
  const offer = { words: say("Draw it again"), act: draw };
  showMessage(say("A picture of yours was not finished: Croquis was ended while it waited or was drawn."), "alert", offer);
}

/** After a picture: tell what keeps it from being kept, once. */
export function tellFaults() {
  setTimeout(async () => {
    const state = await readState().catch(() => null);
    const fault = state?.fault ?? "";
    if (fault && fault !== told) showMessage(translate(fault), "alert");
    told = fault;
    tellInterrupted(state);
  }, WRITING_MS);
}
