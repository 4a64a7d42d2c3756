// A style on a part: the person brushes over the picture, and that part wears another style.
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { MaskBrush } from "./mask-brush.js";
import { makeStyleButton } from "./styles.js";
import { say } from "./words.js";

/**
 * Open the picture to brush a part of it.
 * @param {any} page
 * @param {HTMLImageElement} picture the finished picture
 */
export function openStyledPart(page, picture) {
  const before = page.styledPart();
  const worn = new Set(page.wornStyles().map(([id]) => id));
  let chosen = before?.style ?? page.orderedStyles().find((id) => !worn.has(id));
  const brush = new MaskBrush(picture.src, picture.naturalWidth, picture.naturalHeight, { onChange: refresh });
  if (before) brush.load(before.mask);
  const strip = make("div.style-strip", { role: "group", "aria-label": say("Style of the part") });
  const ready = make("button.primary", { type: "button", onclick: () => {
    page.setStyledPart({ mask: brush.toDataURL(), style: chosen });
    dialog.close();
  } }, say("Let the part wear it"));
  const dialog = openDialog(say("A style on a part"), [make("p.style-note", {}, say("Brush over the part that is to wear another style.")), brush.node, strip, ready], { name: "styled-part" });
  paint();
  refresh();

  function paint() {
    strip.replaceChildren(...page.orderedStyles().map(page.findStyle).filter(Boolean).map((style) => {
      const button = makeStyleButton(style, style.id === chosen ? 1 : 0, () => {
        chosen = style.id;
        paint();
        refresh();
        /** @type {HTMLElement | null} */ (strip.querySelector('[aria-pressed="true"]'))?.focus();
      });
      button.title = style.name;
      return button;
    }));
  }
  function refresh() {
    ready.disabled = brush.isEmpty;
  }
}
