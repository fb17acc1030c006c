// Which uploads were left half-sent, over reloads of the page; and which of them another tab is sending now.

import { pause } from "./now.js";
import { keep, recall } from "./storage.js";

/**
 * A half-sent upload: its file is known by what every browser tells of a chosen file.
 * @typedef {Readonly<{ url: string, name: string, title: string, size: number, modified: number }>} HalfSent
 */

const NAME = "uploads";
/** They fit into one small setting; older ones are forgotten, and the server gives them up by itself. */
const REMEMBERED_MAX = 6;
const NAME_MAX = 120;
/** A tab on the same machine answers sooner. */
const ANSWER_LIMIT_MS = 150;

/** What is on its way from this page. @type {Set<string>} */
const held = new Set();
const tabs = new BroadcastChannel("onair.uploads");

tabs.addEventListener("message", ({ data }) => {
  if (held.has(data?.ask)) tabs.postMessage({ held: data.ask });
});

/** @param {File} file @param {string} title @param {string} url @returns {HalfSent} */
const entryOf = (file, title, url) => ({ url, name: file.name.slice(0, NAME_MAX), title: title.slice(0, NAME_MAX), size: file.size, modified: file.lastModified });

/** @returns {HalfSent[]} what was left half-sent, the latest first */
export function halfSent() {
  const kept = recall(NAME);
  const isOne = (/** @type {any} */ entry) => typeof entry?.url === "string" && typeof entry.name === "string" && typeof entry.title === "string";
  return Array.isArray(kept) ? kept.filter(isOne).slice(0, REMEMBERED_MAX) : [];
}

/** @param {File} file @param {string} title @param {string} url */
export function remember(file, title, url) {
  held.add(url);
  const others = halfSent().filter((entry) => entry.url !== url);
  keep(NAME, [entryOf(file, title, url), ...others].slice(0, REMEMBERED_MAX));
}

/** It is not on its way any more, and may go on. @param {string} url */
export const letGo = (url) => void held.delete(url);

/** It has ended. @param {string} url */
export function forgetUpload(url) {
  held.delete(url);
  keep(NAME, halfSent().filter((entry) => entry.url !== url));
}

/**
 * Where the same file was left half-sent, if nobody is sending it now; with another title it is another video.
 * @param {File} file
 * @param {string} title
 * @returns {Promise<string | null>}
 */
export async function whereLeft(file, title) {
  const wanted = entryOf(file, title, "");
  const found = halfSent().find((entry) =>
    entry.name === wanted.name && entry.size === wanted.size && entry.modified === wanted.modified && (title === "" || entry.title === wanted.title));
  if (!found || held.has(found.url)) return null;
  held.add(found.url); // before anything is waited for, so that of two equal files only one goes on there
  if (await isSentElsewhere(found.url)) {
    held.delete(found.url);
    return null;
  }
  return found.url;
}

/** Whether another tab says that it is sending it. @param {string} url */
export async function isSentElsewhere(url) {
  const answered = new AbortController();
  let isHeld = false;
  tabs.addEventListener("message", ({ data }) => {
    if (data?.held !== url) return;
    isHeld = true;
    answered.abort();
  }, { signal: answered.signal });
  tabs.postMessage({ ask: url });
  await pause(ANSWER_LIMIT_MS, answered.signal);
  answered.abort();
  return isHeld;
}
