// The picture: how it comes, what went wrong, and the round buttons on its corner.
import { ActionRow } from "./actions.js";
import { make, makeIcon } from "./dom.js";
import { PictureTools } from "./picture-tools.js";

const corner = new ActionRow("Picture");

/**
 * Add a round button to the picture's lower right corner, and return it; it is seen while there is a picture. Compare
 * has order 10, enlarge 20, share 30, save 90.
 * @param {import("./actions.js").Action} action
 */
export function addPictureAction(action) {
  return corner.addAction(action);
}

/** Build the picture as it comes: waiting, previews, result, or what went wrong. */
export function mountPicture({ element, props, trigger, watch }, page) {
  const image = make("img", { alt: "", hidden: true });
  const bar = make("div.progress", { role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 });
  const frame = make("div.paper.frame", {}, image, bar, corner.node);
  const message = make("p.said", { role: "status", "aria-live": "polite" });
  const problem = make("p.problem", { role: "alert" });
  const save = make("a.tool.save", { title: "Save the picture. It carries its recipe: drop it here again to go on from it.", "aria-label": "Save the picture", hidden: true, download: "" }, makeIcon("save"));
  const tools = new PictureTools(frame, addPictureAction, page, trigger);
  element.replaceChildren(frame, make("div.bar", {}, message, problem, save));
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
    element.dataset.state = value.state;
    page.setModes({ busy: value.state === "waiting" || value.state === "drawing", fresh: value.state === "empty" });
    const source = value.image ?? (value.state === "waiting" ? image.getAttribute("src") : finished?.image);
    if (value.state === "done") finished = value;
    tools.follow(value);
    showProgress(value);
    message.textContent = value.state === "error" ? "" : value.message ?? "";
    problem.textContent = value.state === "error" ? value.message : "";
    save.hidden = !(value.state === "done" || (finished && ["stopped", "error"].includes(value.state)));
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
  function showProgress({ state, step = 0, of = 1 }) {
    const percent = state === "done" ? 100 : state === "drawing" ? Math.round((100 * step) / of) : 0;
    bar.style.setProperty("--done", `${percent}%`);
    bar.setAttribute("aria-valuenow", percent);
    bar.classList.toggle("endless", state === "waiting");
  }
  return { showPicture };
}
