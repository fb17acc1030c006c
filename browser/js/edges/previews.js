// The small pictures of a video, all on one sheet: where they lie on it, and the sheet itself, ready to be shown.

import { parsePreviews } from "../core/previews.js";
import { timeLimit } from "./now.js";

/** @import { Sheet } from "../core/previews.js" */

const REQUEST_LIMIT_MS = 10_000;

/** @typedef {Readonly<{ sheet: Sheet, address: string }>} Previews */

/**
 * @param {string} address of the WebVTT, on this host
 * @param {AbortSignal} signal
 * @returns {Promise<Previews | null>} null when there are none that could be shown
 */
export async function fetchPreviews(address, signal) {
  try {
    const answer = await fetch(address, { signal: timeLimit(REQUEST_LIMIT_MS, signal) });
    const sheet = answer.ok ? parsePreviews(await answer.text()) : null;
    if (!sheet) return null;
    const picture = new Image();
    picture.src = new URL(sheet.file, new URL(address, document.baseURI)).pathname;
    await picture.decode();
    return Object.freeze({ sheet, address: picture.src });
  } catch {
    return null; // a preview is an extra: the still stays
  }
}
