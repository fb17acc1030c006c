// One file on its way to the server, by the tus protocol: what breaks goes on by itself where it was.

import { Backoff } from "../core/backoff.js";
import { sendDirectly } from "./direct_upload.js";
import { after, pause, timeLimit } from "./now.js";
import { ProblemError, problemOf } from "./problem.js";
import { forgetUpload, letGo, remember, whereLeft } from "./upload_memory.js";

/** @import { DetailedError, Upload } from "tus-js-client" */

/**
 * @typedef {Readonly<{
 *   id: string, title: string, duration_ms: number | null, size_bytes: number | null,
 *   width: number | null, height: number | null, state: string, reason: string | null,
 *   notice: string | null, on_air_at_ms: number | null,
 * }>} Uploaded
 */

const ENDPOINT = "/uploads/tus";
/** One request brings so much: a proxy that holds requests back until they are whole loses no more. */
const CHUNK_BYTES = 64 * 1024 * 1024;
/** With the waits below, a server may be away for an hour. */
const ATTEMPTS_MAX = 300;
const WAITS = { first_ms: 500, limit_ms: 15_000 };
/** A connection on which nothing moves for so long is dead. The server's last answer takes up to 45 s. */
const STALLED_MS = 75_000;
const RESULT_LIMIT_MS = 75_000;
const REMOVAL_LIMIT_MS = 10_000;
/** A conflict, a connection before it that does not let go, too many at once, damage on the way: all of that passes. */
const PASSING = new Set([0, 202, 408, 409, 423, 429, 460, 502, 503, 504]);

/**
 * A name for one upload: announced again with a retry, so that a reply lost on the way does no harm.
 * (`crypto.randomUUID` is missing on plain http, where most stations live.)
 */
export function newUploadKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Until the bucket has refused once. */
let mayBeDirect = true;

/** Whether the script that does the sending has come with the page. */
export const canSend = () => "tus" in globalThis;

/**
 * @param {{ file: File, title: string, key: string, direct: boolean }} upload `direct`: the bucket may take it itself
 * @param {{ signal: AbortSignal, onProgress: (sentShare: number) => void, onLost: (sentence: string | null) => void }} options
 *   `sentShare` runs from 0 to 1; `onLost` hears that it will go on by itself, and the server's sentence if it gave one
 * @returns {Promise<Uploaded>}
 * @throws {ProblemError} with the server's sentence
 */
export async function sendFile(upload, { signal, onProgress, onLost }) {
  const straight = upload.direct && mayBeDirect ? await sendDirectly(upload, { signal, onProgress, onLost }) : null;
  mayBeDirect &&= straight !== null;
  const url = straight ?? (await transfer(upload, { signal, onProgress, onLost }));
  try {
    return await resultOf(url, signal);
  } finally {
    forgetUpload(url);
  }
}

/**
 * Brings every byte over; resolves with the upload's address.
 * @param {{ file: File, title: string, key: string }} upload
 * @param {{ signal: AbortSignal, onProgress: (sentShare: number) => void, onLost: (sentence: string | null) => void }} options
 * @returns {Promise<string>}
 */
async function transfer({ file, title, key }, { signal, onProgress, onLost }) {
  const { Upload: TusUpload } = /** @type {{ tus: { Upload: typeof Upload } }} */ (/** @type {unknown} */ (globalThis)).tus;
  const left = await whereLeft(file, title);
  const waits = new Backoff(WAITS);
  const ended = new AbortController();
  return new Promise((resolve, reject) => {
    let cancelWatch = () => {};
    const watch = () => {
      cancelWatch();
      cancelWatch = after(STALLED_MS, restart, ended.signal);
    };
    const restart = () => {
      onLost(null);
      watch();
      void upload.abort().then(() => upload.start());
    };
    const path = () => new URL(upload.url ?? "", location.href).pathname;
    const upload = new TusUpload(file, {
      endpoint: new URL(ENDPOINT, location.href).href,
      uploadUrl: left && new URL(left, location.href).href,
      metadata: title ? { filename: file.name, title } : { filename: file.name },
      headers: { "Idempotency-Key": key, Accept: "application/json" },
      chunkSize: CHUNK_BYTES,
      retryDelays: Array.from({ length: ATTEMPTS_MAX }, () => waits.next(Math.random())),
      storeFingerprintForResuming: false, // upload_memory.js keeps less, and asks other tabs
      onUploadUrlAvailable: () => {
        if (left && left !== path()) forgetUpload(left); // it had expired
        remember(file, title, path());
      },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const passes = PASSING.has(status) || status === 500;
        if (passes) onLost(status === 429 ? problemFrom(error).message : null);
        return passes;
      },
      onProgress: (sent, total) => {
        watch();
        onProgress(total > 0 ? sent / total : 0);
      },
      onSuccess: () => {
        ended.abort();
        resolve(path());
      },
      onError: (error) => {
        ended.abort();
        const problem = problemFrom(error);
        if (problem.status >= 400 && problem.status < 500) forgetUpload(path());
        else letGo(path());
        reject(problem);
      },
    });
    signal.addEventListener("abort", () => {
      ended.abort();
      const cancelled = () => reject(new DOMException("cancelled", "AbortError"));
      void upload.abort();
      if (!upload.url) cancelled();
      else void removeUpload(path()).then((isTooLate) => (isTooLate ? resolve(path()) : cancelled()));
    }, { once: true, signal: ended.signal });
    watch();
    upload.start();
  });
}

/** @param {Error | DetailedError} error */
function problemFrom(error) {
  const answer = "originalResponse" in error ? error.originalResponse : null;
  if (!answer) return new ProblemError("The connection broke off. Nothing is lost: try again.", 0);
  return problemOf(answer.getBody(), answer.getStatus());
}

/**
 * What became of an upload that was sent to its last byte.
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<Uploaded>}
 */
async function resultOf(url, signal) {
  const waits = new Backoff(WAITS);
  let live = signal;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { status, text } = await ask(url, timeLimit(RESULT_LIMIT_MS, live));
    if (live.aborted) {
      if (!(await removeUpload(url))) throw new DOMException("cancelled", "AbortError");
      live = new AbortController().signal; // too late: it is told what became of it
    }
    if (status === 200) return uploadedFrom(JSON.parse(text));
    if (!PASSING.has(status)) throw problemOf(text, status);
    await pause(waits.next(Math.random()), live);
  }
  throw new ProblemError("The station does not say what became of it. Look into the library later.", 0);
}

/** @param {string} url @param {AbortSignal} signal */
async function ask(url, signal) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store", signal });
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

/**
 * How much of a half-sent upload the server has, from 0 to 1; null if it is no longer waiting for the rest.
 * Throws if the server does not say.
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function receivedShare(url, signal) {
  const { status, text } = await ask(url, timeLimit(RESULT_LIMIT_MS, signal));
  if (status === 0) throw new ProblemError("The station does not answer.", 0);
  if (status !== 202) return null;
  const { state, received_bytes, size_bytes } = JSON.parse(text);
  return state === "receiving" && size_bytes > 0 ? received_bytes / size_bytes : null;
}

/**
 * Has the server throw an upload away (tus termination); what cannot be told now expires by itself.
 * @param {string} url
 * @returns {Promise<boolean>} whether it was too late: its video is in the library, or on the way there
 */
export async function removeUpload(url) {
  forgetUpload(url);
  try {
    const options = { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" }, signal: timeLimit(REMOVAL_LIMIT_MS) };
    return [409, 423].includes((await fetch(url, options)).status);
  } catch {
    return false;
  }
}

/** @param {any} answer @returns {Uploaded} */
function uploadedFrom(answer) {
  const number = (/** @type {unknown} */ value) => (typeof value === "number" && value >= 0 ? value : null);
  const text = (/** @type {unknown} */ value) => (typeof value === "string" && value !== "" ? value : null);
  if (answer?.success !== true) throw new ProblemError("The server's answer cannot be read. Look into the library.", 200);
  return Object.freeze({
    id: String(answer.id),
    title: text(answer.title) ?? "",
    duration_ms: number(answer.duration_ms),
    size_bytes: number(answer.size_bytes),
    width: number(answer.width),
    height: number(answer.height),
    state: text(answer.state) ?? "ready",
    reason: text(answer.reason),
    notice: text(answer.notice),
    on_air_at_ms: number(answer.on_air_at_ms),
  });
}
