// What each thing does that the picture was made from: the same picture without its style, its drawing, its words.
import { make } from "./dom.js";
import { describeSeconds } from "./progress.js";
import { say } from "./words.js";

const PARTS = ["style", "drawing", "words"];

/** Build the button that asks for the pictures, and show them side by side as they come. */
export function mountApart({ element, props, trigger, watch }, page) {
  const names = { style: say("Without its style"), drawing: say("Without its drawing"), words: say("Without its words") };
  const button = make("button.quiet", { type: "button", onclick: begin }, say("Show what each part does"));
  const line = make("p.soft", {}, say("The same picture, with the same seed, made without its style, without its drawing and without its words."));
  const note = make("p.soft", { role: "status" });
  const row = make("div.apart", { hidden: true });
  let ticket = "";
  let image = "";
  let began = 0;
  element.append(line, button, note, row);
  watch("value", () => props.value?.ticket === ticket && show(props.value));

  function begin() {
    const picture = page.finishedPicture();
    if (!picture) return;
    image = picture.image;
    ticket = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    began = performance.now();
    button.disabled = true;
    show({ pictures: [] });
    trigger("make", { image, ticket });
  }
  function show({ pictures = [], problem = "" }) {
    const isDone = problem || pictures.length === PARTS.length;
    button.disabled = !isDone;
    button.hidden = pictures.length === PARTS.length;
    note.textContent = problem || (isDone ? "" : describeProgress(pictures.length));
    row.hidden = false;
    row.replaceChildren(makeFigure(say("The picture"), image), ...PARTS.map((part) => makeFigure(names[part], pictures.find((each) => each.part === part)?.image)));
  }
  function describeProgress(done) {
    const next = say("Picture {number} of {of}", { number: done + 1, of: PARTS.length });
    const left = ((performance.now() - began) / Math.max(1, done)) * (PARTS.length - done);
    return done ? say("{next}, {time} left", { next, time: describeSeconds(left / 1000) }) : next;
  }
  /** Begin anew with another picture. */
  function reset() {
    if (page.finishedPicture()?.image === image) return;
    ticket = image = note.textContent = "";
    row.hidden = true;
    button.hidden = button.disabled = false;
  }
  return { reset };
}

/** Make a picture with its name under it; a place for it where it is still to come. */
function makeFigure(name, source) {
  return make("figure", {}, source ? make("img", { src: source, alt: name }) : make("div.coming"), make("figcaption", {}, name));
}
