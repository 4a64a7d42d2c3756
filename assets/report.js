// Report a picture to the host of this Croquis: what is wrong with it, and the picture itself (pipeline/page/report_route.py).
import { openDialog } from "./dialog.js";
import { describeProblem, make } from "./dom.js";
import { fetchPicture } from "./files-made.js";
import { showMessage } from "./messages.js";
import { say, translate } from "./words.js";

const MOST_LETTERS = 500; // of what a visitor writes
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"]; // who opens the page by these is the host

/** Return whether there is somebody else to report to. */
export const hasHost = () => !OWN_NAMES.includes(location.hostname);

/**
 * Open the dialog in which a picture is reported.
 * @param {string} image the address of its file
 */
export function openReport(image) {
  const reasons = { harmful: say("It is harmful or offensive"), person: say("It shows a real person"), copied: say("It copies somebody's work"), other: say("Something else") };
  const choice = make("select", { "aria-label": say("What is wrong with it") }, ...Object.entries(reasons).map(([value, label]) => make("option", { value }, label)));
  const words = make("textarea", { rows: 3, maxLength: MOST_LETTERS, "aria-label": say("What the host should know"), placeholder: say("What the host should know") });
  const said = make("p.problem", { role: "alert" });
  const go = make("button.primary", { type: "submit" }, say("Send the report"));
  const form = make("form.report", { onsubmit: async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      await send(image, choice.value, words.value);
      dialog.close();
      showMessage(say("The host has your report."));
    } catch (problem) {
      said.textContent = describeProblem(problem);
    } finally {
      go.disabled = false;
    }
  } }, choice, words, go, said);
  const other = make("p.report-note", { hidden: true });
  const dialog = openDialog(say("Report this picture"), [make("p.report-note", {}, say("Whoever runs this Croquis sees the picture and what you write, and not your name.")), form, other], { name: "report" });
  showContact(other);
}

/** Show how the host is reached otherwise, where the host has said so. @param {HTMLElement} place */
async function showContact(place) {
  const answer = await fetch(new URL("report", document.baseURI)).catch(() => null);
  const { contact = "" } = (answer?.ok && (await answer.json().catch(() => null))) || {};
  if (!/^(mailto|https):/.test(contact)) return;
  place.append(say("You can also write to the host:"), " ", make("a", { href: contact, target: "_blank", rel: "noreferrer" }, contact.replace(/^mailto:/, "")));
  place.hidden = false;
}

/** Send a report. Throws an Error in the server's own words, or says that it did not answer. */
async function send(image, reason, words) {
  const headers = { "Croquis-Reason": reason, "Croquis-Words": encodeURIComponent(words), "Content-Type": "image/png" };
  const answer = await fetch(new URL("report", document.baseURI), { method: "POST", headers, body: await fetchPicture(image) }).catch(() => null);
  if (answer?.ok) return;
  const told = await answer?.json().catch(() => null);
  throw new Error(told?.error ? translate(told.error) : say("Croquis does not answer. Try again in a moment."));
}
