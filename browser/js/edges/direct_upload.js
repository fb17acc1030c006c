// One file on its way straight to the bucket, in parts, at addresses that the station signs.

import { Backoff } from "../core/backoff.js";
import { pause, timeLimit } from "./now.js";
import { ProblemError, problemOf } from "./problem.js";

/** @typedef {{ upload: string, direct: string, part_bytes: number, parts: number }} Offer */

/** A part that fails so often, with nothing sent before it: the bucket does not let this page send. */
const FIRST_TRIES = 2;
const ATTEMPTS_MAX = 300;
const WAITS = { first_ms: 500, limit_ms: 15_000 };
const REQUEST_LIMIT_MS = 75_000;
/** A part that takes longer is sent again: 16 MiB at 60 kB/s. */
const PART_LIMIT_MS = 300_000;

/**
 * Brings every byte over; resolves with the upload's address, or null if the file must go by the station.
 * @param {{ file: File, title: string }} upload
 * @param {{ signal: AbortSignal, onProgress: (sentShare: number) => void, onLost: (sentence: string | null) => void }} options
 * @returns {Promise<string | null>}
 * @throws {ProblemError} with the server's sentence
 */
export async function sendDirectly({ file, title }, { signal, onProgress, onLost }) {
  const announced = await ask("POST", "/uploads/direct", { file_name: file.name, title: title || null, size_bytes: file.size }, signal);
  if (announced.status !== 201) return null; // the other way tells why, if it is refused there too
  const offer = /** @type {Offer} */ (JSON.parse(announced.text));
  try {
    const etags = await sendParts(file, offer, { signal, onProgress, onLost });
    if (etags) {
      await join(offer, etags, signal);
      return offer.upload;
    }
  } catch (error) {
    await takeBack(offer);
    throw error;
  }
  await takeBack(offer);
  return null;
}

/**
 * @param {File} file
 * @param {Offer} offer
 * @param {{ signal: AbortSignal, onProgress: (sentShare: number) => void, onLost: (sentence: string | null) => void }} options
 * @returns {Promise<string[] | null>} what the bucket calls the parts; null if it does not take them
 */
async function sendParts(file, offer, { signal, onProgress, onLost }) {
  /** @type {string[]} */
  const etags = [];
  const waits = new Backoff(WAITS);
  for (let attempt = 1; etags.length < offer.parts; attempt += 1) {
    const start = etags.length * offer.part_bytes;
    const part = file.slice(start, start + offer.part_bytes);
    const address = await ask("GET", `${offer.direct}/parts/${etags.length + 1}`, null, signal);
    if (address.status >= 400 && address.status < 500) throw problemOf(address.text, address.status);
    const etag = address.status === 200 ? await put(JSON.parse(address.text).url, part, signal, (sent) => onProgress((start + sent) / file.size)) : null;
    if (signal.aborted) throw new DOMException("cancelled", "AbortError");
    if (etag) {
      etags.push(etag);
      attempt = 0;
      waits.reset();
      continue;
    }
    if (etags.length === 0 && address.status === 200 && attempt >= FIRST_TRIES) return null;
    if (attempt >= ATTEMPTS_MAX) throw new ProblemError("The bucket takes nothing more. Please try again later.", 0);
    onLost(null);
    await pause(waits.next(Math.random()), signal);
  }
  return etags;
}

/**
 * XMLHttpRequest, because fetch does not tell how much has been sent.
 * @param {string} url
 * @param {Blob} part
 * @param {AbortSignal} signal
 * @param {(sentBytes: number) => void} onSent
 * @returns {Promise<string | null>} its ETag, or null if it did not arrive
 */
function put(url, part, signal, onSent) {
  const request = new XMLHttpRequest();
  const over = new AbortController();
  const sent = new Promise((/** @type {(etag: string | null) => void} */ resolve) => {
    request.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => resolve(null));
    request.addEventListener("load", () => resolve(request.status === 200 ? request.getResponseHeader("ETag") : null));
    signal.addEventListener("abort", () => request.abort(), { once: true, signal: over.signal });
    request.timeout = PART_LIMIT_MS;
    request.open("PUT", url);
    request.send(part);
  });
  return sent.finally(() => over.abort());
}

/** @param {Offer} offer @param {string[]} etags @param {AbortSignal} signal */
async function join(offer, etags, signal) {
  const waits = new Backoff(WAITS);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { status, text } = await ask("POST", offer.direct, { etags }, signal);
    if (status === 202) return;
    if (signal.aborted) throw new DOMException("cancelled", "AbortError");
    if (status >= 400 && status < 500 && status !== 429 && status !== 423) throw problemOf(text, status);
    await pause(waits.next(Math.random()), signal);
  }
  throw new ProblemError("The station does not answer. Please try again later.", 0);
}

/** What cannot be told now expires by itself. @param {Offer} offer */
async function takeBack(offer) {
  const options = { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" }, signal: timeLimit(REQUEST_LIMIT_MS) };
  await fetch(offer.upload, options).catch(() => null);
}

/** @param {string} method @param {string} url @param {object | null} body @param {AbortSignal} signal */
async function ask(method, url, body, signal) {
  const headers = { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) };
  try {
    const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body), cache: "no-store", signal: timeLimit(REQUEST_LIMIT_MS, signal) });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: "" };
  }
}
