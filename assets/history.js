// The pictures of this session.
import { make } from "./dom.js";
import { say } from "./words.js";

/** Build the row of this session's pictures, newest first. They live in this browser tab only. */
export function mountHistory({ element, trigger }) {
  const kept = [];
  let recalled = null;
  element.hidden = true;

  function addPicture(item) {
    kept.unshift(item);
    kept.splice(40);
    element.hidden = false;
    element.replaceChildren(make("h3", {}, say("Pictures of this session")), make("div.row", {}, ...kept.map(makeCard)));
  }
  function makeCard(item) {
    return make("button.past", { type: "button", title: say("{name}. Go back to it.", { name: item.picture.alt }), onclick: () => {
      recalled = item;
      trigger("recall");
    } }, make("img", { src: item.picture.image, alt: item.picture.alt }));
  }
  return { addPicture, recalled: () => recalled };
}
