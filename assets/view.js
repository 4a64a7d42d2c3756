// How the sheet is looked at: zoomed, moved, seen in a mirror. Nothing of it enters the drawing.

const LEAST_ZOOM = 0.5, MOST_ZOOM = 16; // of the sheet fitted into its frame
const IN_SIGHT = 48; // px of the sheet that stay in the frame

/** View lays a sheet into its frame, and turns places of the window into places of the sheet. */
export class View {
  zoom = 1; // times the size at which the whole sheet is seen
  isMirrored = false;
  #x = 0; // px, where the sheet's left border lies in the frame
  #y = 0;
  #width = 1; // px, the sheet at zoom 1
  #height = 1;

  /**
   * @param {HTMLElement} frame what the sheet is seen through
   * @param {HTMLElement} board the sheet, moved by its style
   * @param {() => void} onChange
   */
  constructor(frame, board, onChange) {
    this.frame = frame;
    this.board = board;
    this.onChange = onChange;
    this.size = { width: 1, height: 1 };
  }

  /** The window's px in one canvas px. */
  get scale() { return (this.#width / this.size.width) * this.zoom; }
  get isFitted() { return this.zoom === 1 && !this.isMirrored && this.#x === this.#middle[0] && this.#y === this.#middle[1]; }
  get #middle() {
    const { clientWidth, clientHeight } = this.frame;
    return [(clientWidth - this.#width * this.zoom) / 2, (clientHeight - this.#height * this.zoom) / 2];
  }

  /** Lay a sheet of `size`, in canvas px, into the frame as it is now. Return how many px of the window it has at zoom 1. */
  lay(size) {
    const { clientWidth, clientHeight } = this.frame;
    const across = (this.#x - clientWidth / 2) / this.#width, down = (this.#y - clientHeight / 2) / this.#height;
    const isOther = size.width !== this.size.width || size.height !== this.size.height;
    const fit = Math.min(clientWidth / size.width, clientHeight / size.height);
    this.size = { width: size.width, height: size.height };
    [this.#width, this.#height] = [size.width * fit, size.height * fit];
    if (isOther || this.zoom === 1) this.fit();
    else this.#moveTo(clientWidth / 2 + across * this.#width, clientHeight / 2 + down * this.#height);
    return { width: this.#width, height: this.#height };
  }

  /** Show the whole sheet again. */
  fit() {
    this.zoom = 1;
    [this.#x, this.#y] = this.#middle;
    this.#show();
  }

  /** See the sheet in a mirror, or no longer. */
  mirror() {
    this.isMirrored = !this.isMirrored;
    const { clientWidth } = this.frame;
    this.#moveTo(clientWidth - this.#x - this.#width * this.zoom, this.#y);
  }

  /** Zoom by a factor; the place of the window under (clientX, clientY) stays where it is. */
  zoomAt(clientX, clientY, factor) {
    const box = this.frame.getBoundingClientRect();
    const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, this.zoom * factor));
    const real = zoom / this.zoom;
    this.zoom = Math.abs(zoom - 1) < 0.01 ? 1 : zoom;
    const x = clientX - box.left, y = clientY - box.top;
    this.#moveTo(x - (x - this.#x) * real, y - (y - this.#y) * real);
  }

  /** Zoom by a factor about the middle of the frame. */
  zoomBy(factor) {
    const box = this.frame.getBoundingClientRect();
    this.zoomAt(box.left + box.width / 2, box.top + box.height / 2, factor);
  }

  /** Move the sheet by px of the window. */
  moveBy(x, y) {
    this.#moveTo(this.#x + x, this.#y + y);
  }

  /** Return the place of the sheet, in canvas px, under a place of the window. */
  findPlace(clientX, clientY) {
    const box = this.frame.getBoundingClientRect();
    const x = (clientX - box.left - this.#x) / this.scale, y = (clientY - box.top - this.#y) / this.scale;
    return [this.isMirrored ? this.size.width - x : x, y];
  }

  /** Return where a place of the sheet lies in the frame, in px. */
  findSpot(x, y) {
    return [this.#x + (this.isMirrored ? this.size.width - x : x) * this.scale, this.#y + y * this.scale];
  }

  #moveTo(x, y) {
    const { clientWidth, clientHeight } = this.frame;
    const keep = (at, length, frame) => Math.min(frame - IN_SIGHT, Math.max(IN_SIGHT - length, at));
    this.#x = keep(x, this.#width * this.zoom, clientWidth);
    this.#y = keep(y, this.#height * this.zoom, clientHeight);
    this.#show();
  }

  #show() {
    const { style } = this.board;
    style.width = `${this.#width}px`;
    style.height = `${this.#height}px`;
    const across = this.isMirrored ? -this.zoom : this.zoom;
    const left = this.isMirrored ? this.#x + this.#width * this.zoom : this.#x;
    style.transform = `matrix(${across}, 0, 0, ${this.zoom}, ${left}, ${this.#y})`;
    this.onChange();
  }
}
