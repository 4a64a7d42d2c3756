// Write a text into a PNG file, as pipeline/picture/png_chunks.py reads it (PNG, 3rd edition, 11.3.3).

const HEADER_END = 33; // bytes: signature and IHDR, which comes first

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
