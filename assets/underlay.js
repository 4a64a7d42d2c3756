// The picture under the drawing: moved and scaled by hand, faded, locked, traced only or part of the drawing.
import { Box } from "./box.js";
import { say } from "./words.js";

/** Underlay moves the picture that lies under the drawing while its tool is chosen. */
export class Underlay {
  #isHeld = false;

  /** @param {import("./sheet.js").Sheet} sheet */
  constructor(sheet, onChange) {
    this.sheet = sheet;
    this.drawing = sheet.drawing;
    this.onChange = onChange;
    this.box = new Box(sheet.view, {
      label: say("Picture under the drawing. Arrows move it, + and - scale it, Escape lets go."),
      buttons: [],
      onShow: (change) => sheet.bitmaps.paintPicture({ ...this.drawing.now.picture, place: this.#move(change) }),
      onDone: (change) => this.change({ place: this.#move(change) }),
      onKey: (event) => event.key === "Escape" && (this.hold(false), true),
    });
    this.box.node.classList.add("of-picture");
    sheet.node.append(this.box.node);
  }

  get isHeld() { return this.#isHeld; }

  /** Show the box by which the picture is moved, or take it away. */
  hold(isHeld) {
    this.#isHeld = isHeld;
    this.follow();
    if (isHeld) this.box.focus();
  }

  /** Change something of the picture, in one step; null takes it away. */
  change(changes) {
    this.drawing.changePicture(changes);
    this.onChange();
  }

  /** Show a picture's opacity before it is settled. */
  fade(opacity) {
    this.sheet.bitmaps.paintPicture({ ...this.drawing.now.picture, opacity });
  }

  /** Lie where the picture is seen now. */
  follow() {
    const { picture } = this.drawing.now;
    if (!picture || picture.locked) this.#isHeld = false;
    if (!this.#isHeld || !picture) return this.box.show(null);
    const [x, y, width, height] = this.sheet.bitmaps.findPicture(picture);
    this.box.show([x, y, x + width, y + height]);
  }

  /** Return where the picture lies after a change, in tenths of a canvas px. */
  #move({ scale, x, y }) {
    const place = this.sheet.bitmaps.findPicture(this.drawing.now.picture);
    return [place[0] * scale + x, place[1] * scale + y, place[2] * scale, place[3] * scale].map((part) => Math.round(10 * part) / 10);
  }
}
