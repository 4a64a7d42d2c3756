// The picture as an inset on a narrow page: a tap enlarges it, a drag or the arrow keys move it to another corner.
import { make, makeIcon, takeTouches } from "./dom.js";
import { say } from "./words.js";

const DRAG = 8; // px; a pointer that moves less has tapped

/**
 * Make the buttons that enlarge the inset and make it small again; the page's style shows them where it is one.
 * @param {HTMLElement} place the element that is moved: it carries data-corner and data-large
 * @returns {HTMLElement[]}
 */
export function makeInsetButtons(place) {
  const label = say("The picture. Enlarge it; arrow keys move it to another corner.");
  const enlarge = make("button.enlarge-inset", { type: "button", "aria-label": label, title: say("Enlarge; drag it to another corner") });
  const shrink = make("button.action.shrink-inset", { type: "button", "aria-label": say("Back to the drawing"), title: say("Back to the drawing"), onclick: () => setLarge(false) }, makeIcon("close"));
  /** @type {[number, number] | null} */
  let start = null;
  let moved = false;

  enlarge.addEventListener("pointerdown", (event) => {
    start = [event.clientX, event.clientY];
    moved = false;
    enlarge.setPointerCapture(event.pointerId);
  });
  enlarge.addEventListener("pointermove", (event) => {
    if (!start) return;
    const [x, y] = [event.clientX - start[0], event.clientY - start[1]];
    moved ||= Math.hypot(x, y) > DRAG;
    if (moved) place.style.translate = `${x}px ${y}px`;
  });
  takeTouches(enlarge, { taps: false });
  enlarge.addEventListener("pointerup", () => {
    start = null;
    if (moved) settle();
  });
  enlarge.addEventListener("pointercancel", () => {
    start = null;
    place.style.translate = "";
  });
  enlarge.addEventListener("click", () => moved ? (moved = false) : setLarge(true));
  enlarge.addEventListener("keydown", (event) => {
    const [top, left] = (place.dataset.corner ?? firstCorner()).split(" ");
    const corner = { ArrowUp: `top ${left}`, ArrowDown: `bottom ${left}`, ArrowLeft: `${top} left`, ArrowRight: `${top} right` }[event.key];
    if (!corner) return;
    event.preventDefault();
    place.dataset.corner = corner;
  });

  /** Lay the inset into the corner of the sheet that is nearest to where it was let go. */
  function settle() {
    const box = place.getBoundingClientRect(), sheet = place.parentElement?.querySelector(".easel .paper")?.getBoundingClientRect();
    place.style.translate = "";
    if (!sheet) return;
    const isLow = box.top + box.height / 2 > sheet.top + sheet.height / 2, isRight = box.left + box.width / 2 > sheet.left + sheet.width / 2;
    place.dataset.corner = `${isLow ? "bottom" : "top"} ${isRight ? "right" : "left"}`;
  }
  function setLarge(on) {
    place.toggleAttribute("data-large", on);
    (on ? shrink : enlarge).focus({ preventScroll: true });
  }
  return [enlarge, shrink];
}

const firstCorner = () => document.documentElement.dataset.hand === "left" ? "top left" : "top right";
