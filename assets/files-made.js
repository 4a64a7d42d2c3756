// Make the files that leave the page: the drawing, the card, the project, and what the server makes of a picture.
import { writeDrawingSvg } from "./drawing-svg.js";
import { getContext, loadImage, make } from "./dom.js";
import { addPngText, writeMadePng, writePng } from "./png-text.js";
import { say } from "./words.js";

const LONG_SIDE = 1024; // px of a drawing that is saved, and of each half of a card
const EDGE = 48; // px around a card's halves and between them
const CAPTION = 40; // px, the height of a card's letters
const PAPER = "#fbf9f5", INK = "#2b2824"; // of a card
const STROKES = "croquis-strokes"; // keyword of pipeline/picture/carried_strokes.py

/** Make the drawing alone, as it is seen on the sheet: a PNG that carries its strokes, so that it opens again as such. */
export async function makeDrawing(drawing) {
  const sheet = await paintDrawing(drawing);
  const png = new Uint8Array(await (await writePng(sheet)).arrayBuffer());
  return new Blob([addPngText(png, STROKES, drawing)], { type: "image/png" });
}

/** Make the ink and the colours as SVG, on nothing. */
export function makeSvg(drawing) {
  return new Blob([writeDrawingSvg(drawing)], { type: "image/svg+xml" });
}

/** Make a card: drawing and picture side by side, the words under them. */
export async function makeCard(drawing, picture, words) {
  const halves = [await paintDrawing(drawing), await loadImage(picture)];
  const sizes = halves.map((half) => fitSize(half, LONG_SIDE));
  const height = Math.max(...sizes.map((size) => size.height));
  const caption = words.trim() ? CAPTION + EDGE : 0;
  const card = make("canvas", { width: sizes[0].width + sizes[1].width + 3 * EDGE, height: height + caption + 2 * EDGE });
  const context = getContext(card);
  context.imageSmoothingQuality = "high";
  context.fillStyle = PAPER;
  context.fillRect(0, 0, card.width, card.height);
  let x = EDGE;
  halves.forEach((half, i) => {
    const { width, height: own } = sizes[i];
    context.drawImage(half, x, EDGE + (height - own) / 2, width, own);
    x += width + EDGE;
  });
  if (caption) await writeCaption(context, words.trim(), card);
  return writeMadePng(card);
}

/** Fetch a picture's own file, byte for byte. */
export async function fetchPicture(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(say("The picture's file is gone from the server: make the picture once more."));
  return new Blob([await answer.arrayBuffer()], { type: "image/png" });
}

/** Let the server make another form of a picture, "sticker" or "openraster". Throws an Error with its words. */
export async function fetchForm(form, address) {
  const picture = await fetchPicture(address);
  const answer = await fetch(new URL(`export/${form}`, document.baseURI), { method: "POST", body: picture });
  if (answer.ok) return answer.blob();
  const { error } = await answer.json().catch(() => ({ error: null }));
  throw new Error(error ?? say("The server could not be reached. Try again in a moment."));
}

/** Paint a drawing as it is seen on the sheet, on a canvas of LONG_SIDE px. */
async function paintDrawing(drawing) {
  const svg = new Blob([writeDrawingSvg(drawing, { onPaper: true })], { type: "image/svg+xml" });
  const address = URL.createObjectURL(svg);
  try {
    const image = await loadImage(address);
    const sheet = make("canvas", fitSize(image, LONG_SIDE));
    getContext(sheet).drawImage(image, 0, 0, sheet.width, sheet.height);
    return sheet;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Return the size of an image whose longer side has `side` px. */
function fitSize(image, side) {
  const width = image.naturalWidth ?? image.width, height = image.naturalHeight ?? image.height;
  const scale = side / Math.max(width, height);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** Write the words in the middle under both halves, on one line, smaller where they are long. */
async function writeCaption(context, words, card) {
  await document.fonts.load(`600 ${CAPTION}px Lora`);
  const line = words.replace(/\s+/g, " ").slice(0, 200);
  context.fillStyle = INK;
  context.textAlign = "center";
  context.font = `600 ${CAPTION}px Lora, serif`;
  const room = card.width - 2 * EDGE;
  const size = Math.max(18, Math.min(CAPTION, Math.floor((CAPTION * room) / context.measureText(line).width)));
  context.font = `600 ${size}px Lora, serif`;
  context.fillText(line, card.width / 2, card.height - EDGE - CAPTION / 4, room);
}
