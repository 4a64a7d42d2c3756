// Read pictures that come from outside: dropped, pasted or chosen.
import { getContext } from "./dom.js";

const MAX_BYTES = 20_000_000; // the server's own limit
const LONG_SIDE = 1024; // px kept of a picture; the canvas shows no more
const PLAIN_BORDER = 28; // spread of a border's brightness under which a picture lies on plain paper

/**
 * Read a file: {recipe: base64} when it is one of our pictures, else {picture: data URL of a square}.
 * Throws an Error that says what is wrong with the file.
 */
export async function readFile(file) {
  if (!file.type.startsWith("image/")) throw new Error(`A picture is needed here; “${file.name}” is not one.`);
  if (file.size > MAX_BYTES) throw new Error("A picture may have up to 20 MB; this one is larger.");
  if (await carriesRecipe(file)) return { recipe: await encodeBase64(file) };
  return { picture: await fitSquare(file) };
}

/** Tell whether a text chunk of the PNG is our recipe. Chunk: length (4 bytes), kind (4), data, checksum (4). */
async function carriesRecipe(file) {
  if (file.type !== "image/png") return false;
  const view = new DataView(await file.arrayBuffer());
  for (let at = 8; at + 12 <= view.byteLength; at += 12 + view.getUint32(at)) {
    const kind = readAscii(view, at + 4, 4);
    if (kind === "IEND") return false;
    if (/^(tEXt|zTXt|iTXt)$/.test(kind) && readAscii(view, at + 8, 8).toLowerCase().startsWith("croquis")) return true;
  }
  return false;
}

/** Read bytes of a file as ASCII, as far as it goes. */
function readAscii(view, at, length) {
  const end = Math.min(at + length, view.byteLength);
  return String.fromCharCode(...new Uint8Array(view.buffer, at, Math.max(0, end - at)));
}

/** Encode a file's bytes in base64. */
async function encodeBase64(file) {
  const reader = new FileReader();
  return new Promise((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result).split(",")[1]);
    reader.onerror = () => reject(new Error("The file could not be read."));
    reader.readAsDataURL(file);
  });
}

/**
 * Fit a picture into a square, as a data URL.
 * A plain border (a drawing, a scan) is continued; of a photograph the middle is cut out, since bars beside it would
 * be read as lines.
 */
async function fitSquare(file) {
  const image = await decodeImage(file);
  const { naturalWidth: width, naturalHeight: height } = image;
  const paper = findPlainBorder(image);
  const side = Math.min(LONG_SIDE, Math.max(64, paper ? Math.max(width, height) : Math.min(width, height)));
  const scale = side / (paper ? Math.max(width, height) : Math.min(width, height));
  const sheet = new OffscreenCanvas(side, side);
  const context = getContext(sheet);
  context.fillStyle = paper ?? "#ffffff";
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (side - width * scale) / 2, (side - height * scale) / 2, width * scale, height * scale);
  const blob = await sheet.convertToBlob(paper ? { type: "image/png" } : { type: "image/jpeg", quality: 0.92 });
  return `data:${blob.type};base64,${await encodeBase64(blob)}`;
}

/** Decode a picture file. Throws an Error where the browser cannot. */
async function decodeImage(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    if (!image.naturalWidth) throw new Error("no size");
    return image;
  } catch {
    throw new Error("This picture could not be opened. PNG, JPEG and WebP work.");
  } finally {
    setTimeout(() => URL.revokeObjectURL(image.src), 10_000);
  }
}

/** Find the border's mean colour as CSS when it is nearly even, else null. */
function findPlainBorder(image) {
  const side = 32;
  const context = getContext(new OffscreenCanvas(side, side), { willReadFrequently: true });
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, side, side);
  context.drawImage(image, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  const border = [];
  for (let i = 0; i < side * side; i += 1) {
    const x = i % side, y = Math.floor(i / side);
    if (x === 0 || y === 0 || x === side - 1 || y === side - 1) border.push(data.subarray(4 * i, 4 * i + 3));
  }
  const mean = [0, 1, 2].map((c) => border.reduce((sum, pixel) => sum + pixel[c], 0) / border.length);
  const spread = Math.max(...border.map((pixel) => Math.abs(pixel[0] + pixel[1] + pixel[2] - mean[0] - mean[1] - mean[2]) / 3));
  return spread < PLAIN_BORDER ? `rgb(${mean.map(Math.round).join(",")})` : null;
}
