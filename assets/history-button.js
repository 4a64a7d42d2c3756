// The header's button that opens the history, and the one sentence where pictures cannot be kept.
import { addAction } from "./header.js";
import { openHistory } from "./history-dialog.js";
import { readState } from "./history-server.js";
import { showMessage } from "./messages.js";
import { say, translate } from "./words.js";

const WRITING_MS = 1500; // a finished picture is kept by then
let told = ""; // what was told last: each fault is told once

/**
 * Put the history's button into the header, where the host keeps pictures.
 * @param {{ openFile: (file: File) => void }} page
 */
export async function mountHistoryButton(page) {
  const button = addAction({ name: "history", icon: "history", label: say("Your pictures"), order: 40, onclick: () => openHistory(page) });
  const state = await readState().catch(() => null);
  if (state?.mode === "off") button.hidden = true;
}

/** After a picture: tell what keeps it from being kept, once. */
export function tellFaults() {
  setTimeout(async () => {
    const fault = (await readState().catch(() => null))?.fault ?? "";
    if (fault && fault !== told) showMessage(translate(fault), "alert");
    told = fault;
  }, WRITING_MS);
}
