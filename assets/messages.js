// Messages: sentences that stand in the header for a while, beside what they speak of, and go by themselves.
import { make, makeIcon } from "./dom.js";
import { say } from "./words.js";

const LEAST_SECONDS = 6;
const SECONDS_A_WORD = 0.5;
const ALERT_TIMES = 2; // what went wrong stands so many times as long

const polite = make("div", { role: "status" });
const urgent = make("div", { role: "alert" });
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let since = 0; // ms, when the present message came

/**
 * Show a message until it has been read: for its time, or until one presses elsewhere once it has stood for a while, since
 * on a phone it covers the header. The next one takes its place; a pointer or the focus on it holds it.
 * @param {string} text nothing takes the present message away
 * @param {"status" | "alert"} [kind] "alert": something did not go as it should
 * @param {{ words: string, act: () => void }} [offer] a button that does something about it: no time takes such a message away
 */
export function showMessage(text, kind = "status", offer) {
  clearTimeout(timer);
  for (const place of [polite, urgent]) place.replaceChildren();
  if (!text) return;
  const close = make("button.action", { type: "button", title: say("Close"), "aria-label": say("Close"), onclick: () => showMessage("") }, makeIcon("close"));
  const acting = offer ? [make("button.offer", { type: "button", onclick: () => { showMessage(""); offer.act(); } }, offer.words)] : [];
  const card = make(`p.message.${kind}`, {}, make("span", {}, text), ...acting, close);
  const seconds = (LEAST_SECONDS + SECONDS_A_WORD * text.split(/\s+/).length) * (kind === "alert" ? ALERT_TIMES : 1);
  const wait = () => {
    clearTimeout(timer);
    if (!offer) timer = setTimeout(() => card.isConnected && showMessage(""), 1000 * seconds);
  };
  for (const event of ["pointerenter", "focusin"]) card.addEventListener(event, () => clearTimeout(timer));
  for (const event of ["pointerleave", "focusout"]) card.addEventListener(event, wait);
  (kind === "alert" ? urgent : polite).append(card);
  since = performance.now();
  wait();
}

/** @param {PointerEvent} event of a person who goes on */
function dismissRead(event) {
  const isOutside = event.target instanceof Node && ![polite, urgent].some((place) => place.contains(/** @type {Node} */ (event.target)));
  if (isOutside && performance.now() - since > 1000 * LEAST_SECONDS) showMessage("");
}

/** Build the place of the messages. */
export function mountMessages() {
  document.body.append(make("div", { id: "messages" }, polite, urgent));
  document.addEventListener("pointerdown", dismissRead, { capture: true, passive: true });
}
