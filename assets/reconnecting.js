// Find the server again after it was away or was started anew. Drawing and words stay where they are.
import { showMessage } from "./messages.js";
import { say } from "./words.js";

const EVERY = 5000; // ms between two looks
const WHILE_AWAY = 1000; // ms, the same while the server is away
const PATIENCE = 8000; // ms that an answer may take
const MOST_LATE = 4; // answers in a row that came too late: a busy server is slow, and not away
const SETTLED = 10_000; // ms after which a page that was opened anew stays open
const FLAG = "croquis.was-away"; // in sessionStorage: the page was opened anew because of it

/** @returns {any} what the page was built from */
const findConfig = () => /** @type {any} */ (globalThis).gradio_config ?? {};

/**
 * Look for the server now and then. `onAway` is called when it is gone, and tells whether a run was cut off.
 * @param {{ onAway: () => boolean }} page
 */
export function mountReconnecting({ onAway }) {
  let server = findConfig().app_id; // each start of the server has another
  let isAway = false;
  let late = 0; // answers in a row
  let isCut = false; // a run was under way: Gradio goes on only in a page that is opened anew
  if (isFlagUp()) {
    showMessage(say("The server was away and is back. Your drawing and your words are as you left them."));
    setTimeout(lowerFlag, SETTLED); // Gradio may open the page once more; it says so then, too
  }
  wait();
  document.addEventListener("visibilitychange", () => document.hidden || look());

  function wait() {
    setTimeout(async () => {
      if (!document.hidden) await look();
      wait();
    }, isAway ? WHILE_AWAY : EVERY);
  }
  async function look() {
    const found = await ask("gradio_api/app_id");
    late = found === undefined ? late + 1 : 0;
    if (late && late < MOST_LATE) return;
    if (!found) return leave();
    if (isAway || (server && found.app_id !== server)) await comeBack(found.app_id);
  }
  /** Say that the server is gone, once, and again where a picture was asked for meanwhile: that run ends here. */
  function leave() {
    const isNew = !isAway;
    isAway = true;
    document.body.dataset.away = "";
    raiseFlag(); // Gradio, too, opens the page anew when the server goes in the middle of a run
    const isCutNow = onAway();
    isCut ||= isCutNow;
    if (isNew || isCutNow) showMessage(say("The server is away. Your drawing is safe here; the page goes on by itself as soon as it is back."), "alert");
  }
  async function comeBack(id) {
    if (isCut || (id !== server && !(await isSamePage()))) {
      raiseFlag();
      return location.reload();
    }
    server = id;
    isAway = false;
    delete document.body.dataset.away;
    lowerFlag();
    showMessage(say("The server is there again."));
  }
}

/** Tell whether the server that is there now serves the page that is open here. */
async function isSamePage() {
  const now = await ask("config");
  if (!now) return false;
  const list = ({ components = [], dependencies = [] }) => JSON.stringify([components.map(({ id, type }) => [id, type]), dependencies.map(({ id, inputs, outputs }) => [id, inputs, outputs])]);
  return list(now) === list(findConfig());
}

/** Ask the server for JSON; return null where there is none, undefined where its answer is late. */
async function ask(address) {
  try {
    const answer = await fetch(new URL(address, document.baseURI), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError" ? undefined : null;
  }
}

function raiseFlag() {
  try {
    sessionStorage.setItem(FLAG, "yes");
  } catch { /* a browser that keeps nothing says nothing */ }
}

function lowerFlag() {
  try {
    sessionStorage.removeItem(FLAG);
  } catch { /* as above */ }
}

function isFlagUp() {
  try {
    return Boolean(sessionStorage.getItem(FLAG));
  } catch {
    return false;
  }
}
