// Read pictures that come from outside: dropped, pasted or chosen.
import { getContext, typeInto } from "./dom.js";
import { say } from "./words.js";

const MAX_BYTES = 20_000_000; // the server's own limit
const LONG_SIDE = 1024; // px kept of a picture; the canvas shows no more
const LEAST_SIDE = 64; // px; the server takes no smaller picture
const FOR_SERVER = /\.(heic|heif|tiff?|avif)$/i; // what some browsers cannot open
const PROJECT = /\.croquis$/i; // a picture file of ours under a name of its own
// texts in which programs keep how they made a picture: Croquis, AUTOMATIC1111, Fooocus, ComfyUI, InvokeAI, NovelAI
const RECIPES = /^(croquis|croquis-strokes|parameters|prompt|workflow|fooocus_scheme|invokeai_metadata|sd-metadata|dream|comment)$/i;

/**
 * Read a file: {file: base64} when the server has to read it, since it carries a recipe or the browser cannot open it;
 * else {picture: data URL} of the whole picture. Throws an Error that says what is wrong with the file.
 */
export async function readFile(file) {
  const isForServer = FOR_SERVER.test(file.name), isProject = PROJECT.test(file.name);
  if (!file.type.startsWith("image/") && !isForServer && !isProject) throw new Error(say("A picture is needed here; “{name}” is not one.", { name: file.name }));
  if (file.size > MAX_BYTES) throw new Error(say("A picture may have up to 20 MB; this one is larger."));
  if (isProject || (await carriesRecipe(file))) return { file: await encodeBase64(file) };
  const picture = await readPicture(file, isForServer);
  return picture ? { picture } : { file: await encodeBase64(file) };
}

/**
 * Return the whole picture of a file as a data URL, whatever the file carries beside it. One that the browser cannot
 * open is null where that may be; else an Error says so.
 */
export async function readPicture(file, mayFail = false) {
  const image = await decodeImage(file);
  if (image) return await shrinkPicture(image, file.type);
  if (mayFail) return null;
  throw new Error(say("This picture could not be opened. PNG, JPEG, WebP and HEIC work."));
}

/** Take generation data that is pasted as a prompt: it moves the sliders at once. */
export function onPastedData(findField, read) {
  document.addEventListener("paste", (event) => {
    const text = event.target === findField() ? event.clipboardData?.getData("text") ?? "" : "";
    if (!/Negative prompt:|\bSteps:\s*\d+\s*,/i.test(text)) return;
    event.preventDefault();
    typeInto(findField(), text);
    read(text);
  });
}

/** Tell whether a text chunk of the PNG is a recipe. Chunk: length (4 bytes), kind (4), data, checksum (4). */
async function carriesRecipe(file) {
  if (file.type !== "image/png") return false;
  const view = new DataView(await file.arrayBuffer());
  for (let at = 8; at + 12 <= view.byteLength; at += 12 + view.getUint32(at)) {
    const kind = readAscii(view, at + 4, 4);
    if (kind === "IEND") return false;
    if (/^(tEXt|zTXt|iTXt)$/.test(kind) && RECIPES.test(readAscii(view, at + 8, 24).split("\0")[0])) return true;
  }
  return false;
}

/** Read bytes of a file as ASCII, as far as it goes. */
function readAscii(view, at, length) {
  const end = Math.min(at + length, view.byteLength);
  return String.fromCharCode(...new Uint8Array(view.buffer, at, Math.max(0, end - at)));
}

/**
 * Encode a file's bytes in base64, as the server takes them.
 * @param {Blob} file
 * @returns {Promise<string>}
 */
export async function encodeBase64(file) {
  const reader = new FileReader();
  return new Promise((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(new Error(say("The file could not be read.")));
    reader.readAsDataURL(file);
  });
}

/**
 * Return the whole picture as a data URL, in its own proportions and as transparent as it was.
 * A photograph stays a JPEG; all else is a PNG, in which lines stay sharp.
 */
async function shrinkPicture({ source, width, height }, type) {
  const scale = Math.max(Math.min(1, LONG_SIDE / Math.max(width, height)), LEAST_SIDE / Math.min(width, height));
  const sheet = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = getContext(sheet);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, sheet.width, sheet.height);
  const blob = await sheet.convertToBlob(type === "image/jpeg" ? { type, quality: 0.92 } : { type: "image/png" });
  return `data:${blob.type};base64,${await encodeBase64(blob)}`;
}

/** Decode a picture file, upright and in sRGB; return null where the browser cannot. */
async function decodeImage(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return image.naturalWidth ? { source: image, width: image.naturalWidth, height: image.naturalHeight } : null;
  } catch {
    return null;
  } finally {
    setTimeout(() => URL.revokeObjectURL(image.src), 10_000);
  }
}

/**
 * Return a colour on which a picture can be seen where it is transparent: grey for one that is white on nothing, white
 * else.
 */
export function choosePaper(image) {
  const side = 48;
  const context = getContext(new OffscreenCanvas(side, side), { willReadFrequently: true });
  context.drawImage(image, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  let visible = 0, pale = 0, clear = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 250) clear += 1;
    if (data[i + 3] < 16) continue;
    visible += 1;
    if (Math.min(data[i], data[i + 1], data[i + 2]) > 225) pale += 1;
  }
  return clear && pale > visible / 2 ? "#9aa0a6" : "#ffffff";
}
