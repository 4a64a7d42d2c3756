// One kept picture, large, with what can be done with it.
import { make, makeIcon } from "./dom.js";
import { namePicture } from "./history-grid.js";
import { locatePicture, locateSaved } from "./history-server.js";
import { say, translate } from "./words.js";

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/**
 * Build the large view of a picture.
 * @param {import("./history-server.js").Kept} picture
 * @param {{ goOn: () => void, start: () => void, star: () => void, remove: () => void, back: () => void, step: (by: number) => void }} on
 * @param {{ isFirst: boolean, isLast: boolean }} place among the pictures found
 */
export function makeView(picture, on, { isFirst, isLast }) {
  const { favourite, styles, created_at, width, height } = picture;
  const name = namePicture(picture);
  const isMix = styles.length > 1;
  const worn = styles.map(({ name, weight }) => (isMix ? `${translate(name)} ${Math.round(100 * weight)} %` : translate(name))).join(", ");
  const image = make("img", { src: locatePicture(picture.id), alt: name, width, height });
  const step = (by, icon, label, disabled) => make("button.action", { type: "button", title: label, "aria-label": label, "data-action": icon, disabled, onclick: () => on.step(by) }, makeIcon(icon));
  return make("div.kept-view", { onkeydown: (event) => handleKey(event, on) },
    make("div.kept-picture", {}, step(-1, "back", say("Newer picture"), isFirst), image, step(1, "forward", say("Older picture"), isLast)),
    make("div.kept-facts", {},
      make("p.kept-name", {}, name),
      make("p.kept-note", {}, [worn, WHEN.format(new Date(created_at)), `${width} × ${height}`].filter(Boolean).join(" · "))),
    make("div.kept-buttons", {},
      makeButton("kept-go-on.primary", "pen", say("Go on from this"), on.goOn),
      makeButton("kept-start", "picture", say("Start from it"), on.start, { title: say("It lies under your drawing, and the next picture goes from it as far as strength says.") }),
      make("a.kept-button", { href: locateSaved(picture.id), download: "", "data-action": "save" }, makeIcon("save"), say("Save")),
      makeButton("kept-star", "star", favourite ? say("Take the star away") : say("Give it a star"), on.star, { "aria-pressed": favourite }),
      makeButton("kept-delete", "trash", say("Delete"), on.remove),
      makeButton("kept-back", "grid", say("All pictures"), on.back)));
}

/** Make a button with an icon and words. */
export function makeButton(kind, icon, label, onclick, attributes = {}) {
  return make(`button.kept-button.${kind}`, { type: "button", onclick, ...attributes }, makeIcon(icon), label);
}

function handleKey(event, on) {
  const does = { ArrowLeft: () => on.step(-1), ArrowRight: () => on.step(1), Escape: on.back, Delete: on.remove }[event.key];
  if (!does) return;
  event.preventDefault();
  event.stopPropagation();
  does();
}
