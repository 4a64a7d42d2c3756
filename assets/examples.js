// The drawings to begin with.
import { SIDE, makeOutlinePath } from "./drawing.js";
import { make } from "./dom.js";
import { say, translate } from "./words.js";

/** Build the drawings to begin with, which the value lists as JSON; a click loads one and draws it. */
export function mountExamples({ element, props }, page) {
  const cards = JSON.parse(props.value).map((example) =>
    make("button.example", { type: "button", title: example.prompt, onclick: () => page.drawExample(example) },
      drawThumbnail(example.canvas), make("span", {}, translate(example.name))));
  element.append(make("div.welcome", {},
    make("h2", {}, say("Your picture appears here")),
    make("p", {}, say("Draw something, say what it is, and press “Make the picture”. Or begin with one of these."))),
    make("h3.again", {}, say("Drawings to begin with")), ...cards);
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
