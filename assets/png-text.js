// Write a text into a PNG file, as pipeline/picture/png_chunks.py reads it (PNG, 3rd edition, 11.3.3).
import { say } from "./words.js";

const HEADER_END = 33; // bytes: signature and IHDR, which comes first
/** Says that a model made what the picture shows, as pipeline/picture/provenance.py writes it (IPTC DigitalSourceType). */
const XMP = "XML:com.adobe.xmp", MADE = `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreatorTool>Croquis</xmp:CreatorTool><Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`;

/** Write a canvas that shows made pictures as a PNG file that says so. */
export async function writeMadePng(canvas) {
  const png = new Uint8Array(await (await writePng(canvas)).arrayBuffer());
  return new Blob([addPngText(png, XMP, MADE)], { type: "image/png" });
}

/** Write a canvas as a PNG file. */
export async function writePng(canvas) {
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(say("The picture could not be written.")))), "image/png"));
}

/** Return a PNG's bytes with a text under a keyword, UTF-8 (iTXt, not packed). */
export function addPngText(png, keyword, text) {
  const utf8 = new TextEncoder();
  const body = new Uint8Array([...utf8.encode(keyword), 0, 0, 0, 0, 0]);
  const chunk = makeChunk("iTXt", body, utf8.encode(text));
  const whole = new Uint8Array(png.length + chunk.length);
  whole.set(png.subarray(0, HEADER_END));
  whole.set(chunk, HEADER_END);
  whole.set(png.subarray(HEADER_END), HEADER_END + chunk.length);
  return whole;
}

/** Make a chunk: length (4 bytes), kind (4), data, checksum (4). */
function makeChunk(kind, ...parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const chunk = new Uint8Array(length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, length);
  chunk.set(new TextEncoder().encode(kind), 4);
  let at = 8;
  for (const part of parts) {
    chunk.set(part, at);
    at += part.length;
  }
  view.setUint32(at, computeChecksum(chunk.subarray(4, at)));
  return chunk;
}

/** Compute the CRC-32 of bytes. */
function computeChecksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
