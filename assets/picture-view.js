// The picture as large as the window, to zoom into it and to compare it with its drawing.
import { Compare } from "./compare.js";
import { openDialog } from "./dialog.js";
import { make, makeIcon } from "./dom.js";
import { say } from "./words.js";
import { Zoom } from "./zoom.js";

/**
 * Show a picture over the whole window.
 * @param {{ image: string, alt: string, drawing?: string }} picture
 */
export function openPictureView({ image, alt, drawing }) {
  const shown = make("img", { src: image, alt, draggable: "false" });
  const compare = new Compare(() => button?.setAttribute("aria-pressed", "false"));
  const stage = make("div.view-stage", { tabindex: 0, "aria-label": say("The picture. Plus and minus zoom, arrows move it, 0 shows all of it.") }, make("div.view-picture", {}, shown, compare.node));
  const zoom = new Zoom(stage, { takesWheel: true, isOff: () => compare.isOpen });
  const addButton = (icon, label, onclick) => make("button.action", { type: "button", title: label, "aria-label": label, onclick }, makeIcon(icon));
  const button = drawing ? addButton("compare", say("Compare with the drawing"), () => {
    zoom.reset();
    if (compare.isOpen) compare.close();
    else compare.open(drawing);
    button?.setAttribute("aria-pressed", String(compare.isOpen));
    if (compare.isOpen) compare.handle.focus();
  }) : null;
  const bar = make("div.view-bar", {}, addButton("minus", say("Smaller"), () => zoom.zoomBy(1 / 1.4)), addButton("plus", say("Larger"), () => zoom.zoomBy(1.4)), addButton("fit", say("Show all of it"), () => zoom.reset()), button);
  const dialog = openDialog(say("The picture"), [stage, bar], { name: "picture-view" });
  dialog.node.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLElement && event.target.closest("[role=slider]")) return;
    if (zoom.pressKey(event.key)) event.preventDefault();
  });
  stage.focus();
}
