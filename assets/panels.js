// Build what the page shows: the picture and its way, the styles, the examples, the session's pictures.
// Each mount function builds one gr.HTML component and repaints it when the server sets its value.
import { SIDE, makeOutlinePath } from "./drawing.js";
import { make, makeIcon } from "./dom.js";

const MAX_STYLES = 8; // as pipeline/request/notation.py

/** Build the picture as it comes: waiting, previews, result, or what went wrong. */
export function mountPicture({ element, props, watch }, page) {
  const image = make("img", { alt: "", hidden: true });
  const bar = make("div.progress", { role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 });
  const frame = make("div.paper.frame", {}, image, bar);
  const message = make("p.said", { role: "status", "aria-live": "polite" });
  const problem = make("p.problem", { role: "alert" });
  const save = make("a.tool.save", { title: "Save the picture. It carries its recipe: drop it here again to go on from it.", "aria-label": "Save the picture", hidden: true, download: "" }, makeIcon("save"));
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

/** Build the way to the picture: the lines that were read, the styles that were found, the time, the seed. */
export function mountStrip({ element, props, trigger, watch }, page) {
  watch("value", paintStrip);
  paintStrip();

  function paintStrip() {
    const value = props.value;
    element.hidden = !value;
    if (!value) return element.replaceChildren();
    element.replaceChildren(
      ...value.notices.map((text) => make("p.notice", {}, text)),
      make("div.way", {}, ...[buildLines(value), buildStyles(value), buildTimes(value), buildSeed(value)].filter(Boolean)),
    );
  }
  function buildLines({ edges, reading }) {
    const how = reading === "canny" ? "Edges of the picture" : "Your lines";
    return makeSection("What was read", make("figure.lines", {}, make("img", { src: edges, alt: "The lines that the picture follows" }), make("figcaption", {}, how)));
  }
  function buildStyles({ styles, chosen }) {
    const used = new Map(chosen.map(({ id, weight }) => [id, weight]));
    const makePicks = (list) => make("div.picks", {}, ...list.map((style) => makeStyleButton(style, used.get(style.id), () => page.tryStyle(style.id))));
    const shown = styles.filter(({ id, found }) => found || used.has(id));
    const others = styles.filter((style) => !shown.includes(style));
    const reset = make("button.link", { type: "button", hidden: page.style() === "auto", onclick: () => page.tryStyle("auto") }, "Let Croquis choose");
    const title = styles.some(({ found }) => found) ? "Styles it found" : "The style it wears";
    const more = others.length ? [make("h3", {}, "Try it as"), makePicks(others)] : [];
    return makeSection(title, makePicks(shown), ...more, reset);
  }
  function buildTimes({ milliseconds }) {
    const longest = Math.max(...milliseconds.map(([, ms]) => ms));
    if (!milliseconds.length) return null;
    const rows = milliseconds.map(([stage, ms]) => make("li", { style: `--part: ${(100 * ms) / longest}%` }, make("span", {}, stage), make("span", {}, formatDuration(ms))));
    return makeSection("Time", make("ul.time", {}, ...rows));
  }
  function buildSeed({ seed: number }) {
    return makeSection("Seed", make("p.seed", {}, String(number)),
      make("button.link", { type: "button", onclick: () => trigger("use_seed") }, "Use again"));
  }
}

/** Make a part of the strip under a heading. */
function makeSection(title, ...content) {
  return make("section", {}, make("h3", {}, title), ...content);
}

/** Format milliseconds for people: "840 ms", "1.3 s". */
function formatDuration(ms) {
  return ms < 995 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Make a style's button; it is pressed when the style has a weight in the mix. */
function makeStyleButton({ name, thumb, similarity }, weight, onclick) {
  const used = weight > 0;
  const note = similarity == null ? null : make("span.similarity", { style: `--part: ${Math.max(0, similarity) * 100}%`, title: "How near the style is to your words, up to 1" }, similarity.toFixed(2));
  return make("button.style", { type: "button", "aria-pressed": used, title: used && weight < 0.999 ? `${name}: ${Math.round(100 * weight)} % of the mix` : `Draw it as ${name}`, onclick },
    make("img", { src: thumb, alt: "" }), make("span.name", {}, name), note);
}

/**
 * Build the choice of the next picture's styles.
 * Its value is what Draw sends: "auto", an id, or "one:0.6,other:0.4".
 */
export function mountChip({ element, props, watch }, page) {
  element.append(make("span", {}, "Style: "), make("b"), make("button.link", { type: "button", onclick: () => chooseStyle("auto") }, "Let Croquis choose"));
  watch("value", paintChip);
  paintChip();

  function chooseStyle(id) {
    props.value = id;
    paintChip();
    page.showChosenStyle();
  }
  function paintChip() {
    const mix = readMix();
    element.querySelector("b").textContent = mix.length ? describeMix(mix) : "Croquis chooses from your words";
    element.querySelector("button").hidden = !mix.length;
  }
  /** Read the value as [[id, weight], ...]; none for "auto". */
  function readMix() {
    const value = props.value ?? "auto";
    if (value === "auto") return [];
    return value.split(",").map((part) => part.split(":")).map(([id, weight]) => [id.trim(), Number(weight ?? 1)]);
  }
  function describeMix(mix) {
    const total = mix.reduce((sum, [, weight]) => sum + weight, 0);
    if (mix.length === 1) return page.styleName(mix[0][0]);
    return mix.map(([id, weight]) => `${page.styleName(id)} ${Math.round((100 * weight) / total)} %`).join(" + ");
  }
  /** Put a style into the mix, or take it out; all weigh the same then. */
  function toggleStyle(id) {
    const ids = readMix().map(([one]) => one);
    const mix = ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id];
    chooseStyle(mix.length ? mix.slice(-MAX_STYLES).map((one) => (mix.length > 1 ? `${one}:1` : one)).join(",") : "auto");
  }
  return { chooseStyle, toggleStyle, value: () => props.value ?? "auto", ids: () => readMix().map(([id]) => id), repaint: paintChip };
}

/** Build the grid of every style there is; added ones can be removed. */
export function mountLibrary({ element, props, trigger, watch }, page) {
  watch("value", paintLibrary);
  paintLibrary();

  function paintLibrary() {
    const grid = make("div.styles", {}, ...(props.value ?? []).map(buildEntry));
    element.replaceChildren(grid);
    page.checkStyles();
  }
  function buildEntry(style) {
    const button = makeStyleButton(style, page.usesStyle(style.id) ? 1 : 0, ({ shiftKey, ctrlKey, metaKey }) => {
      if (shiftKey || ctrlKey || metaKey) page.mixStyle(style.id);
      else page.useStyle(page.style() === style.id ? "auto" : style.id);
    });
    button.title = `${style.words.join(", ")}. With Shift or Ctrl: mix it in.`;
    if (style.builtin) return button;
    const remove = make("button.remove", { type: "button", "aria-label": `Remove ${style.name}`, title: `Remove ${style.name}`, onclick: () => {
      if (confirm(`Remove the style “${style.name}”?`)) trigger("remove", { id: style.id });
    } }, "×");
    return make("div.added", {}, button, remove);
  }
  return { all: () => props.value ?? [], repaint: paintLibrary };
}

/** Build the drawings to begin with; a click loads one and draws it. */
export function mountExamples({ element, props }, page) {
  const cards = props.value.map((example) =>
    make("button.example", { type: "button", title: example.prompt, onclick: () => page.drawExample(example) },
      drawThumbnail(example.canvas), make("span", {}, example.name)));
  element.append(make("div.welcome", {},
    make("h2", {}, "Your picture appears here"),
    make("p", {}, "Draw something, say what it is, press Draw. Your colours count. Or begin with one of these.")),
    make("h3.again", {}, "Drawings to begin with"), ...cards);
}

/** Draw an example's strokes as a small SVG. */
function drawThumbnail({ strokes }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${SIDE} ${SIDE}`);
  svg.setAttribute("aria-hidden", "true");
  for (const stroke of strokes) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", makeOutlinePath(stroke));
    path.setAttribute("class", stroke.tool);
    svg.append(path);
  }
  return svg;
}

/** Build the row of this session's pictures, newest first. They live in this browser tab only. */
export function mountHistory({ element, trigger }) {
  const kept = [];
  let recalled = null;
  element.hidden = true;

  function addPicture(item) {
    kept.unshift(item);
    kept.splice(40);
    element.hidden = false;
    element.replaceChildren(make("h3", {}, "Pictures of this session"), make("div.row", {}, ...kept.map(makeCard)));
  }
  function makeCard(item) {
    return make("button.past", { type: "button", title: `${item.picture.alt}. Go back to it.`, onclick: () => {
      recalled = item;
      trigger("recall");
    } }, make("img", { src: item.picture.image, alt: item.picture.alt }));
  }
  return { addPicture, recalled: () => recalled };
}

/** Build the status: how far the models are. */
export function mountStatus({ element, props, watch }) {
  watch("value", paintStatus);
  paintStatus();

  function paintStatus() {
    const { stage = "Waking up", fraction = 0, ready = false, error = null } = props.value ?? {};
    element.dataset.ready = ready;
    element.dataset.failed = Boolean(error);
    element.replaceChildren(make("span.dot", { "aria-hidden": true }), make("span", { role: "status" }, error ?? (ready ? stage : `${stage}… ${Math.round(fraction * 100)} %`)));
  }
}

/** Build the title of a panel that opens and closes. */
export function mountFold({ element, props }) {
  const panel = element.closest(".fold");
  const button = make("button.fold-button", { type: "button", "aria-expanded": false, "aria-controls": `${panel.id}-body`, onclick: () => {
    button.setAttribute("aria-expanded", panel.classList.toggle("open"));
  } }, props.value);
  element.append(make("h2", {}, button));
}
