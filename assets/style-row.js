// The row of styles under the words: a thumbnail promises what comes. A tap wears a style, the next one mixes it in,
// a third takes it out.
import { openAllStyles } from "./all-styles.js";
import { make, makeIcon } from "./dom.js";
import { MixBar } from "./mix-bar.js";
import { acceptDrops, chooseFile, OwnStyles } from "./own-style.js";
import { buildStrength } from "./strength.js";
import { TeachingDialog } from "./teaching.js";
import { addToMix, AUTO, makeStyleButton, readMix, takeFromMix, writeMix } from "./styles.js";
import { say } from "./words.js";

const SHOWN = 12; // styles in the row
const PAUSE = 350; // ms after the last key before the words are looked at
const SETTLED = 450; // ms after the last change of a share before the picture is drawn anew

/** @typedef {import("./styles.js").Mix} Mix */

/** Build the row; its value is what Draw sends. */
export function mountChip({ element, props, watch }, page) {
  const strip = make("div.style-strip", { role: "group", "aria-label": say("Styles") });
  const line = make("div.style-line");
  const note = make("p.style-note", { role: "status", hidden: true });
  const bar = new MixBar({ nameOf: page.styleName, onChange: (mix) => settle(mix), onRemove: (id) => wear(takeFromMix(mix(), id)) });
  const strength = buildStrength(() => page.redraw());
  const own = new OwnStyles(page, { wear: (id) => wearAnew([[id, 1]]), unwear: () => wear(before), tell });
  const teaching = new TeachingDialog({ wear: (id) => wearAnew([[id, 1]]), tell, refresh: () => page.askLibrary("list") });
  /** @type {string[]} */
  let order = []; // ids of all styles, likely ones first
  /** @type {string | null} */
  let named = null; // the style that the words mean
  /** @type {Mix} */
  let before = []; // what was worn before the last tap
  let tapped = ""; // the style that was tapped last
  let typing, settling, asked = 0;

  element.classList.add("style-row");
  element.append(make("div.style-tiles", {}, strip, buildDoors()), line, note);
  watch("value", () => page.showStyles());
  document.addEventListener("input", (event) => /** @type {Element} */ (event.target).closest?.("#prompt") && lookSoon());
  paint();

  /** @returns {Mix} */
  function mix() { return readMix(props.value); }
  /** Return the ids of all styles: the server's order of them until words bring another. */
  function known() { return order.length ? order : page.styles().map(({ id }) => id); }
  function setMix(/** @type {Mix} */ next) {
    props.value = writeMix(next);
    paint();
  }
  /** Wear a mix, and draw the picture anew where there is one. */
  function wear(/** @type {Mix} */ next) {
    setMix(next);
    note.hidden = true;
    page.redraw();
  }
  /** Wear what was not in the row: it moves there. */
  function wearAnew(/** @type {Mix} */ next) {
    before = mix();
    tapped = next[0]?.[0] ?? "";
    order = [...next.map(([id]) => id), ...known().filter((id) => !next.some(([one]) => one === id))];
    wear(next);
  }
  /** Wear styles no more that are gone. */
  function takeOff(/** @type {string[]} */ ids) {
    if (readMix(page.styledPart()?.style).some(([id]) => ids.includes(id))) page.setStyledPart(null);
    if (mix().some(([id]) => ids.includes(id))) setMix(ids.reduce(takeFromMix, mix()));
  }
  function tap(id, { shiftKey, ctrlKey, metaKey }) {
    const now = mix(), worn = now.some(([one]) => one === id);
    const joins = shiftKey || ctrlKey || metaKey;
    if (worn && (now.length > 1 || joins || !canMix(id))) return wear(takeFromMix(now, id)); // the third tap
    if (worn) return wear(addToMix(before.length ? before : page.wornStyles(), id)); // the second
    [before, tapped] = [now, id];
    wear(joins ? addToMix(now, id) : [[id, 1]]);
  }
  /** Tell whether a second tap of a style has something to mix it with. */
  function canMix(id) {
    const others = before.length ? before : page.wornStyles();
    return tapped === id && others.some(([one]) => one !== id);
  }
  function settle(/** @type {Mix} */ next) {
    setMix(next);
    clearTimeout(settling);
    settling = setTimeout(() => page.redraw(), SETTLED);
  }

  /** Look which styles the words mean, once the hand rests. */
  function lookSoon() {
    clearTimeout(typing);
    typing = setTimeout(look, PAUSE);
  }
  async function look() {
    const mine = ++asked;
    const found = await page.askLibrary("look", { words: page.words() }).catch(() => null); // a prompt that is no prompt
    if (!found || mine !== asked) return;
    order = found.ids;
    named = found.named;
    paint();
  }

  function paint() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.closest?.(".style-strip [data-style]")?.getAttribute("data-style");
    const now = mix(), weights = new Map(now);
    const shown = known().slice(0, SHOWN), beside = now.map(([id]) => id).filter((id) => !shown.includes(id) && page.findStyle(id));
    const tiles = [...beside, ...shown].map(page.findStyle).filter(Boolean);
    strip.replaceChildren(buildAutomatic(now), ...tiles.map((style) => buildTile(style, weights.get(style.id) ?? 0)));
    if (focused) /** @type {HTMLElement | null} */ (strip.querySelector(`[data-style="${focused}"]`))?.focus({ preventScroll: true });
    doorsCount.textContent = say("All {count}", { count: page.styles().length });
    paintLine(now);
  }
  function buildTile(style, weight) {
    const button = makeStyleButton(style, weight, (event) => tap(style.id, event));
    button.title = weight ? say("{name} is worn. Tap again to mix it with what was worn before, once more to take it out.", style) : say("Wear {name}", style);
    return button;
  }
  function buildAutomatic(/** @type {Mix} */ now) {
    return make("button.style.automatic", { type: "button", "data-style": AUTO, "aria-pressed": !now.length, title: say("Croquis chooses from your words"), onclick: () => now.length && wear([]) },
      make("span.face", {}, makeIcon("star")), make("span.name", {}, say("Automatic")));
  }
  function paintLine(/** @type {Mix} */ now) {
    bar.show(now);
    strength.show();
    const asks = named && now.length && !now.some(([id]) => id === named);
    const worn = now.length ? [bar.node, strength.node] : [make("span.style-said", {}, say("Croquis chooses from your words"))];
    line.replaceChildren(...worn, ...[asks ? buildQuestion(named) : null, buildPart(), buildColours()].filter((part) => part != null));
  }
  function buildQuestion(id) {
    const name = page.styleName(id);
    return make("span.style-said.asks", { role: "status" }, say("Your words say {name}.", { name }),
      make("button.style-ask", { type: "button", onclick: () => wearAnew([[id, 1]]) }, say("Wear it")));
  }
  function buildPart() {
    const part = page.styledPart();
    if (!part) return null;
    const names = readMix(part.style).map(([id]) => page.styleName(id)).join(", ");
    return make("span.style-extra.part", {}, make("button.link", { type: "button", onclick: page.openPart }, say("A part wears {name}", { name: names })),
      buildRemove(say("Take the part's style off"), () => page.setStyledPart(null)));
  }
  function buildColours() {
    const colours = page.palette().split(",").filter(Boolean).map((part) => part.split(":")[0]);
    if (!colours.length) return null;
    return make("span.style-extra.colours", {}, ...colours.map((colour) => make("i", { style: `--color: ${colour}` })), make("span", {}, say("Its colours")),
      buildRemove(say("Paint in other colours again"), () => page.setPalette("")));
  }
  function buildRemove(label, onclick) {
    return make("button.take-out", { type: "button", title: label, "aria-label": label, onclick }, "×");
  }

  /** Tell something under the row, with buttons for what may follow; return what takes it back, if it is still there. */
  function tell(text, actions = []) {
    const said = make("span", {}, text);
    note.hidden = false;
    note.replaceChildren(said, ...actions.map(([label, onclick]) => make("button.link", { type: "button", onclick }, label)));
    return () => { if (note.contains(said)) note.hidden = true; };
  }

  /** Take what was chosen or dropped as one's own: one picture is a style at once, several teach one. */
  function takeFiles(/** @type {File[]} */ files) {
    if (files.length > 1) teaching.open(files);
    else if (files.length) own.take(files[0]);
  }

  /** Build what opens all styles, takes a picture as a style, and shows the drawing in many styles. */
  function buildDoors() {
    const makeDoor = (name, icon, label, title, onclick) => make(`button.door.${name}`, { type: "button", title, onclick }, make("span.face", {}, makeIcon(icon)), label);
    const mine = makeDoor("mine", "plus", make("span.name", {}, say("My picture")), say("A picture of yours becomes a style: choose it, or drop it here"), () => chooseFile((files) => takeFiles(files), true));
    acceptDrops(mine, takeFiles);
    const teach = makeDoor("teach", "layers", make("span.name", {}, say("Teach a style")), say("Several pictures of yours become a style: choose them, or drop them here"), () => teaching.open());
    acceptDrops(teach, (files) => teaching.open(files));
    teach.hidden = true;
    teaching.isAllowed().then((allowed) => { teach.hidden = !allowed; });
    return make("div.style-doors", {},
      makeDoor("all", "search", doorsCount, say("All styles, and a search by words or by a picture"), () => openAllStyles(page, own, { order: known(), wear: (id) => wearAnew([[id, 1]]), mixIn: (id) => wearAnew(addToMix(mix(), id)) })),
      mine, teach,
      makeDoor("many", "grid", make("span.name", {}, say("In every style")), say("See your drawing in every style"), page.openSheet));
  }

  return {
    value: () => props.value ?? AUTO, mix, wear: (id) => wearAnew(id === AUTO ? [] : [[id, 1]]), setValue: (value) => setMix(readMix(value)),
    show: paint, order: known, look, tell, takeOff,
  };
}

const doorsCount = make("span.name");
