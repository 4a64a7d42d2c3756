// The picture: how it comes, what went wrong, and the buttons at its corner.
import { ActionRow } from "./actions.js";
import { make, makeIcon } from "./dom.js";
import { openSheetWay } from "./going-on.js";
import { makeInsetButtons } from "./inset.js";
import { showMessage } from "./messages.js";
import { PictureTools } from "./picture-tools.js";
import { Progress } from "./progress.js";
import { say } from "./words.js";

const corner = new ActionRow(say("Picture"));

/**
 * Add a button beneath the picture's right corner, on it where it is an inset, and return it; it is seen while there is a picture. Compare
 * has order 10, enlarge 20, share 30, save 90.
 * @param {import("./actions.js").Action} action
 */
export function addPictureAction(action) {
  return corner.addAction(action);
}

/** Build the picture as it comes: waiting, previews, result, or what went wrong. */
export function mountPicture({ element, props, trigger, watch }, page) {
  const image = make("img", { alt: "", hidden: true });
  const progress = new Progress();
  const save = corner.addNode(make("a.action.save", { title: say("Save the picture. Drop the file here again to go on from it."), "aria-label": say("Save the picture"), hidden: true, download: "" }, makeIcon("save")), 90);
  const frame = make("div.paper.frame", {}, image, progress.bar, progress.note, ...makeInsetButtons(element.closest("#picture") ?? element));
  const tools = new PictureTools(frame, addPictureAction, page, trigger);
  page.enterFrame(frame);
  element.replaceChildren(frame, corner.node, progress.spoken);
  /** @type {{ image: string, name: string } | null} */
  let finished = null; // the last whole picture, to come back to
  let asked = 0; // counts what was to be shown: a picture that is decoded late shows no more
  showPicture({ state: "empty" });
  watch("value", () => isCurrent(props.value) && showPicture(props.value));

  /** Tell whether a value belongs to the run under way, or, without a ticket, to no run. */
  function isCurrent(value) {
    return value && (value.ticket == null || value.ticket === page.ticket());
  }
  async function showPicture(value) {
    const isRefused = ["stopped", "error"].includes(value.state);
    element.dataset.state = value.state;
    page.setModes({ busy: value.state === "waiting" || value.state === "drawing", fresh: value.state === "empty" || (isRefused && !finished && !page.isLiveShown()) });
    const source = value.image ?? (value.state === "waiting" ? image.getAttribute("src") : finished?.image);
    if (value.state === "done") finished = value;
    tools.follow(value);
    page.notePicture(value);
    progress.show(value);
    if (isRefused) showMessage(value.message ?? "", value.state === "error" ? "alert" : "status");
    else if (value.state === "done") showMessage(value.notice ?? "");
    else if (value.state !== "empty") showMessage(""); // a page that opens may have something to say
    save.hidden = !(value.state === "done" || (finished && isRefused));
    if (finished) Object.assign(save, { href: finished.image, download: finished.name });
    await showImage(source, value);
  }
  async function showImage(source, { state, alt }) {
    const mine = ++asked;
    if (source && image.getAttribute("src") !== source) {
      const next = make("img", { src: source });
      await next.decode().catch(() => {}); // swap only what can be shown: no flicker between previews
      if (mine !== asked) return;
      image.src = source;
    }
    image.hidden = !source;
    image.dataset.state = state;
    if (state === "done") image.alt = alt;
  }
  return { showPicture, finished: () => finished, goOnFromSheet: (way) => openSheetWay(way, page, trigger) };
}
