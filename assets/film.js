// The film of a drawing: how far it is while it is made, then the film itself, to be saved.
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { describeSeconds } from "./progress.js";
import { say } from "./words.js";

/** Build what makes films; nothing of it is seen until one is asked for. */
export function mountFilm({ props, trigger, watch }) {
  /** @type {{ ticket: string, began: number, bar: HTMLProgressElement, note: HTMLElement, body: HTMLElement } | null} */
  let making = null;
  watch("value", () => props.value?.ticket === making?.ticket && show(props.value));

  /** Make the film of a finished picture, in a dialog. Closing it before the end stops the work. */
  function open(picture) {
    const ticket = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    const bar = /** @type {HTMLProgressElement} */ (make("progress", { max: 1, value: 0, "aria-label": say("How far the film is") }));
    const note = make("p.film-note", { role: "status" }, say("Your strokes are drawn again, with the pictures that follow them."));
    const stop = make("button.film-stop", { type: "button", onclick: () => dialog.close() }, say("Stop"));
    const body = make("div.film", {}, bar, note, stop);
    const dialog = openDialog(say("A film of your drawing"), body, { name: "film-dialog", onClose: () => {
      if (making?.ticket === ticket && bar.isConnected) trigger("cancel", { ticket });
      making = null;
    } });
    making = { ticket, began: performance.now(), bar, note, body };
    trigger("make", { ticket, image: picture.image });
  }

  function show({ step, of, address, problem }) {
    if (!making) return;
    const { bar, note, body, began } = making;
    if (problem) return body.replaceChildren(make("p", { role: "alert" }, problem));
    if (address) {
      const link = make("a.go", { href: address, download: true }, say("Save the film"));
      body.replaceChildren(make("img", { src: address, alt: say("Your drawing as it grew, and beside it the pictures that followed") }), link);
      return link.focus();
    }
    bar.value = step / of;
    const left = ((performance.now() - began) / 1000) * (of / step - 1);
    note.textContent = say("{step} of {of} frames, {time} left", { step, of, time: describeSeconds(left) });
  }
  return { open };
}
