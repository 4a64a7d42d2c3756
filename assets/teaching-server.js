// Ask the server to teach a style, and how far it is (pipeline/page/teach.py).
import { readFile } from "./intake.js";
import { say, translate } from "./words.js";

/**
 * @typedef {{ allowed: boolean, state?: "none" | "looking" | "learning" | "stopped" | "failed" | "done", name: string,
 *   step: number, of: number, loss: number, seconds_left: number | null, samples: number[], style: string, message: string }} Teaching
 */

/** Return the address of a path below the teacher's. */
const locate = (path) => new URL(`teach/${path}`, document.baseURI).href;

/** Return the address of the picture that was drawn after a step. */
export const locateSample = (step) => locate(`sample/${step}.webp`);

/** @returns {Promise<Teaching>} */
export const readTeaching = () => ask("state");
export const stopTeaching = () => tell("stop");
export const goOnTeaching = () => tell("go-on");
export const discardTeaching = () => tell("discard");

/**
 * Begin to teach a style of that name by picture files.
 * @param {string} name
 * @param {File[]} files
 * @returns {Promise<Teaching>}
 */
export async function beginTeaching(name, files) {
  const pictures = [];
  for (const file of files) {
    const read = await readFile(file);
    pictures.push({ name: file.name, data: read.file ?? read.picture?.split(",")[1] ?? "" });
  }
  return tell("begin", { name, pictures });
}

const tell = (path, body = {}) => ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/**
 * Ask the server. Throws an Error in the server's own words, or says that it did not answer.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Teaching>}
 */
async function ask(path, options) {
  const answer = await fetch(locate(path), { credentials: "same-origin", ...options }).catch(() => null);
  const read = await answer?.json().catch(() => null);
  if (!answer?.ok || !read) throw new Error(read?.error ? translate(read.error) : say("Croquis does not answer. Try again in a moment."));
  return read;
}
