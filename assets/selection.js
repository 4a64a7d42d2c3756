// Select strokes with a lasso or a tap; move, scale, copy and delete them, one Undo each.
import { Box } from "./box.js";
import { make } from "./dom.js";
import { boundMarks, changeMark, findAt, findInside } from "./marks.js";
import { say } from "./words.js";

const TAP = 5; // canvas px; a lasso that is smaller all over is a tap
const COPY_SHIFT = 18; // canvas px that a copy lies beside what it was made of

/** @typedef {import("./drawing.js").Mark} Mark */

/** Selection holds the marks that are selected. */
export class Selection {
  /** @type {Mark[]} */
  #marks = [];
  #isMoving = false;

  /** @param {import("./sheet.js").Sheet} sheet */
  constructor(sheet, onChange) {
    this.sheet = sheet;
    this.drawing = sheet.drawing;
    this.onChange = onChange;
    this.box = new Box(sheet.view, {
      label: say("Selected strokes. Arrows move them, + and - scale them, Ctrl+D copies, Delete deletes, Escape lets go."),
      buttons: [
        { name: "duplicate", icon: "copy", label: say("Copy (Ctrl+D)"), onclick: () => this.duplicate() },
        { name: "delete", icon: "trash", label: say("Delete (Del)"), onclick: () => this.remove() },
      ],
      onShow: (change) => this.#show(change),
      onDone: (change) => this.#change(change),
      onKey: (event) => this.pressKey(event),
    });
    this.lasso = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.lasso.setAttribute("class", "lasso");
    this.lasso.setAttribute("aria-hidden", "true");
    this.way = document.createElementNS("http://www.w3.org/2000/svg", "path");
    this.lasso.append(this.way);
    sheet.board.append(this.lasso);
    sheet.node.append(this.box.node);
    this.said = make("span.unseen", { role: "status" });
    sheet.node.append(this.said);
  }

  /** The marks that the bitmaps leave out, since they are shown where the hand has moved them. */
  get hidden() { return new Set(this.#isMoving ? this.#marks : []); }

  /** Show the lasso while it is drawn. */
  showLasso(strokes) {
    const { width, height } = this.drawing.now;
    this.lasso.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const points = strokes.flatMap((stroke) => stroke.points);
    this.way.setAttribute("d", points.length ? `M${points.map(([x, y]) => `${x},${y}`).join("L")}Z` : "");
  }

  /** Select what a lasso holds, or what lies at the place of a tap. */
  take(points) {
    this.showLasso([]);
    const { strokes } = this.drawing.now;
    const reach = Math.max(...[0, 1].map((axis) => Math.max(...points.map((at) => at[axis])) - Math.min(...points.map((at) => at[axis]))));
    const found = reach > TAP ? findInside(strokes, points, this.drawing.now) : [findAt(strokes, points[0][0], points[0][1], this.drawing.now)];
    this.select(found.filter((mark) => mark != null));
  }

  /** @param {Mark[]} marks */
  select(marks) {
    this.#marks = marks;
    this.said.textContent = marks.length ? say("{count} selected", { count: marks.length }) : say("Nothing selected");
    this.#showBox();
    if (marks.length) this.box.focus();
  }

  selectAll() { this.select([...this.drawing.now.strokes]); }

  clear() {
    if (!this.#marks.length) return;
    this.#marks = [];
    this.#showBox();
  }

  /** Lie where the sheet is seen now; let go of marks that an Undo took away. */
  follow() {
    if (this.#marks.length && !this.#isMoving) {
      const now = new Set(this.drawing.now.strokes);
      if (this.#marks.some((mark) => !now.has(mark))) this.clear();
    }
    this.box.follow();
  }

  duplicate() {
    const change = { scale: 1, x: COPY_SHIFT, y: COPY_SHIFT };
    const copies = this.#marks.map((mark) => changeMark(mark, change, this.drawing.now));
    const fits = this.drawing.addStrokes(copies);
    this.#marks = copies.filter((mark) => this.drawing.now.strokes.includes(mark));
    this.onChange(fits ? "" : say("The sheet is full. Draw this picture, or clear it and begin another."));
    this.#showBox();
    this.box.focus();
  }

  remove() {
    const marks = this.#marks;
    this.#marks = [];
    this.drawing.replaceStrokes(new Map(marks.map((mark) => [mark, null])));
    this.onChange();
    this.#showBox();
    this.sheet.bitmaps.live.focus({ preventScroll: true });
  }

  /** Do what a key does with what is selected; return true when it was one of them. */
  pressKey(event) {
    const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
    if (command && key === "a") this.selectAll();
    else if (!this.#marks.length) return false;
    else if (command && key === "d") this.duplicate();
    else if (key === "delete" || key === "backspace") this.remove();
    else if (key === "escape") {
      this.clear();
      this.sheet.bitmaps.live.focus({ preventScroll: true });
    } else return false;
    return true;
  }

  #showBox() {
    this.box.show(this.#marks.length ? boundMarks(this.#marks, this.drawing.now) : null);
  }

  #show(change) {
    const { bitmaps } = this.sheet;
    if (!this.#isMoving) {
      this.#isMoving = true;
      bitmaps.repaint(this.hidden);
    }
    bitmaps.paintMoved(this.#marks, change);
  }

  #change(change) {
    const changed = this.#marks.map((mark) => changeMark(mark, change, this.drawing.now));
    this.drawing.replaceStrokes(new Map(this.#marks.map((mark, n) => [mark, changed[n]])));
    this.#marks = changed;
    this.#isMoving = false;
    this.onChange();
    this.#showBox();
  }
}
