// The header's button that opens the history, and the one sentence where pictures cannot be kept.
import { addAction } from "./header.js";
import { openHistory } from "./history-dialog.js";
import { readState } from "./history-server.js";
import { showMessage } from "./messages.js";
import { say, translate } from "./words.js";

const WRITING_MS = 1500; // a finished picture is kept by then
const OPENING_MS = 8000; // a page that opens has something else to say first, and a server has opened its store by then
const TOLD_OF = "croquis-interrupted"; // in localStorage: the latest picture cut off that was told of
let told = ""; // what was told last: each fault is told once

/**
 * Put the history's button into the header, where the host keeps pictures.
 * @param {{ openFile: (file: File) => void, startFrom: (file: File) => void }} page
 */
export async function mountHistoryButton(page) {
  const button = addAction({ name: "history", icon: "history", label: say("Your pictures"), order: 40, onclick: () => openHistory(page) });
  const state = await readState().catch(() => null);
  if (state?.mode === "off") button.hidden = true;
  setTimeout(async () => tellInterrupted(await readState().catch(() => null)), OPENING_MS);
}

/** Tell of a picture that an end of Croquis cut off, once. @param {{ interrupted?: string } | null} state */
function tellInterrupted(state) {
  const when = state?.interrupted;
  try {
    if (!when || when <= (localStorage.getItem(TOLD_OF) ?? "")) return;
    localStorage.setItem(TOLD_OF, when);
  } catch {
    return; // a page without a memory of its own would tell it at each visit
  }
  showMessage(say("A picture of yours was not finished: Croquis was ended while it waited or was drawn. Draw it once more."), "alert");
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
