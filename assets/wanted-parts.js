// The weights that what is chosen in Settings needs and that are not here: each with its download.
import { makeDownload } from "./part-download.js";

/** Build the place of the downloads; it is hidden while nothing is missing. */
export function mountWantedParts({ element, props, trigger, watch }) {
  /** @type {Map<string, ReturnType<typeof makeDownload>>} */
  const places = new Map();
  /** @type {Record<string, any>} */
  let files = {}; // part -> how its download stands; null for what came
  /** @type {string[]} */
  let wanted = [];
  let isFollowing = false; // the server tells how far downloads are
  watch("value", take);
  take();

  /** Take up what is chosen, or how far downloads are. */
  function take() {
    const { wanted: asked, files: told = {} } = props.value ?? {};
    if (asked) wanted = asked;
    files = { ...(asked ? {} : files), ...told };
    show();
    const runs = Object.values(files).some((each) => each?.running);
    if (runs && !isFollowing) setTimeout(() => trigger("follow"), 0);
    isFollowing = runs;
  }
  function show() {
    for (const name of Object.keys(files)) if (!places.has(name)) place(name);
    const shown = Object.keys(files).filter((name) => files[name] && (wanted.includes(name) || files[name].running));
    for (const [name, each] of places) each.show(shown.includes(name) ? files[name] : undefined);
    element.hidden = !shown.length;
  }
  function place(name) {
    const made = makeDownload(() => { isFollowing = true; trigger("fetch", { part: name }); }, () => trigger("stop", { part: name }));
    made.element.dataset.part = name;
    places.set(name, made);
    element.append(made.element);
  }
  return {};
}
