// Ask the server for the kept pictures of this visitor, and tell it what becomes of them (pipeline/page/history_routes.py).
import { say, translate } from "./words.js";

const PAGE = 60; // pictures asked for at once

/**
 * @typedef {{ id: string, created_at: string, favourite: boolean, words: string, negative_words: string, engine: string,
 *   styles: { id: string, name: string, weight: number }[], seed: number, width: number, height: number }} Kept
 * @typedef {{ words: string, style: string, favourites: boolean }} Search
 */

/** Return the address of a path below the history's. */
const locate = (path) => new URL(`history/${path}`, document.baseURI).href;

/** Return the address of a picture's file, its thumbnail, or its file to be saved. */
export const locatePicture = (id) => locate(`pictures/${id}.png`);
export const locateThumbnail = (id) => locate(`pictures/${id}.webp`);
export const locateSaved = (id) => locate(`pictures/${id}.png?save=1`);

/**
 * Return the address of a zip of these pictures; of all where none is named.
 * @param {string[]} ids
 */
export const locateZip = (ids) => locate(`export${ids.length ? `?ids=${ids.join(",")}` : ""}`);

/**
 * Say whether this visitor's pictures are kept ("on", "off", or "ask": once they say so), what goes wrong with it,
 * and when the latest of their pictures was asked for that an end of Croquis cut off: "" for none, undefined where it is
 * not known yet.
 * @returns {Promise<{ mode: "on" | "off" | "ask", keeps: boolean, fault: string, interrupted?: string }>}
 */
export const readState = () => ask("state");

/**
 * Find a page of pictures, newest first; the first page brings the styles that pictures wear.
 * @param {Search} search
 * @param {number | null} before the key of the page before
 * @returns {Promise<{ pictures: Kept[], before: number | null, total: number, is_more: boolean, styles?: { id: string, name: string, count: number }[] }>}
 */
export function findPictures({ words, style, favourites }, before) {
  const query = new URLSearchParams({ words, style, favourites: favourites ? "1" : "", count: String(PAGE) });
  if (before == null) query.set("styles", "1");
  else query.set("before", String(before));
  return ask(`pictures?${query}`);
}

export const setFavourite = (id, favourite) => tell("favourite", { id, favourite });
export const deletePictures = (ids) => tell("delete", { ids });
export const restorePictures = (ids) => tell("restore", { ids });
export const deleteEverything = () => tell("forget", {});
export const setConsent = (keep) => tell("consent", { keep });

const tell = (path, body) => ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/**
 * Ask the server. Throws an Error in the server's own words, or says that it did not answer.
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function ask(path, options) {
  const answer = await fetch(locate(path), { credentials: "same-origin", ...options }).catch(() => null);
  const read = await answer?.json().catch(() => null);
  if (!answer?.ok || !read) throw new Error(read?.error ? translate(read.error) : say("Croquis does not answer. Try again in a moment."));
  return read;
}
