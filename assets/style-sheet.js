// One drawing in many styles: each picture as it comes, with the same seed; a tap wears its style.
import { openDialog } from "./dialog.js";
import { findElement, getContext, make } from "./dom.js";
import { writeMadePng } from "./png-text.js";
import { say } from "./words.js";

const CELL = 320, GAP = 16, TEXT = 44; // px of the sheet that is saved
const COLUMNS = 8;

/** Build the sheet; it is seen in a dialog only. */
export function mountStyleSheet({ element, props, trigger, watch }, page) {
  let wish = { ticket: "", ids: [] };
  /** @type {{ close: () => void } | null} */
  let dialog = null;
  const bar = make("progress", { max: 1, value: 0, "aria-label": say("Progress") });
  const said = make("p.style-note", { role: "status" });
  const stop = make("button", { type: "button", onclick: halt }, say("Stop"));
  const save = make("button", { type: "button", onclick: saveSheet }, say("Save as one picture"));
  const grid = make("div.sheet-grid");
  element.hidden = true;
  watch("value", paint);

  function open() {
    wish = { ticket: crypto.randomUUID?.() ?? String(Math.random()).slice(2), ids: page.orderedStyles().slice(0, 64) };
    grid.replaceChildren();
    Object.assign(bar, { value: 0, hidden: false });
    said.textContent = say("Getting ready");
    [stop.hidden, save.hidden] = [false, true];
    dialog = openDialog(say("Your drawing in every style"), [make("div.sheet-bar", {}, said, bar, stop, save), grid], { name: "style-sheet-dialog", onClose: halt });
    trigger("begin");
  }
  function halt() {
    if (isRunning()) trigger("halt", { ticket: wish.ticket });
    stop.hidden = true;
  }
  const isCurrent = () => props.value?.ticket === wish.ticket || (props.value?.state === "error" && !props.value.ticket);
  const isRunning = () => wish.ticket && !(isCurrent() && props.value.state !== "drawing");

  function paint() {
    const value = props.value;
    if (!value || !isCurrent()) return;
    for (const [id, address] of value.pictures.slice(grid.childElementCount)) grid.append(buildCell(id, address));
    const running = value.state === "drawing", count = value.pictures.length;
    Object.assign(bar, { max: value.of || 1, value: count, hidden: !running });
    [stop.hidden, save.hidden] = [!running, running || !count];
    said.textContent = value.message || (running ? say("{done} of {all}", { done: count, all: value.of }) : say("Tap a picture to wear its style."));
  }
  function buildCell(id, address) {
    const name = page.styleName(id);
    return make("button.style", { type: "button", "data-style": id, title: say("Wear {name}", { name }), onclick: () => {
      dialog?.close();
      page.wearStyle(id, firstSeed());
    } }, make("img", { src: address, alt: "" }), make("span.name", {}, name));
  }
  const firstSeed = () => props.value?.seed;

  /** Save all pictures that are there as one PNG, with their names. */
  async function saveSheet() {
    const cells = [...grid.querySelectorAll("button")];
    const rows = Math.ceil(cells.length / COLUMNS), columns = Math.min(COLUMNS, cells.length);
    const canvas = make("canvas", { width: columns * (CELL + GAP) + GAP, height: rows * (CELL + GAP + TEXT) + GAP });
    const context = getContext(canvas);
    context.fillStyle = "#fbf9f5";
    context.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { fillStyle: "#1e1c19", font: `22px ${getComputedStyle(findElement("#prompt")).fontFamily}`, textAlign: "center" });
    cells.forEach((cell, place) => {
      const left = GAP + (place % COLUMNS) * (CELL + GAP), top = GAP + Math.floor(place / COLUMNS) * (CELL + GAP + TEXT);
      drawInside(context, /** @type {HTMLImageElement} */ (cell.querySelector("img")), left, top);
      context.fillText(cell.textContent ?? "", left + CELL / 2, top + CELL + 30, CELL);
    });
    const address = URL.createObjectURL(await writeMadePng(canvas));
    make("a", { href: address, download: "croquis-styles.png" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }
  return { open, wish: () => wish };
}

/** Draw a whole picture in the middle of a cell. */
function drawInside(context, image, left, top) {
  const scale = CELL / Math.max(image.naturalWidth, image.naturalHeight, 1);
  const width = image.naturalWidth * scale, height = image.naturalHeight * scale;
  context.drawImage(image, left + (CELL - width) / 2, top + (CELL - height) / 2, width, height);
}
