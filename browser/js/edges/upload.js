// One file on its way to the server. XMLHttpRequest, because fetch does not tell how much has been sent.

import { ProblemError, problemOf } from "./problem.js";

/**
 * @typedef {Readonly<{
 *   id: string, title: string, duration_ms: number | null, size_bytes: number | null,
 *   width: number | null, height: number | null, state: string, reason: string | null,
 *   notice: string | null, on_air_at_ms: number | null,
 * }>} Uploaded
 */

/**
 * A name for one upload: sent again with a retry, so that a reply lost on the way does no harm.
 * (`crypto.randomUUID` is missing on plain http, where most stations live.)
 */
export function newUploadKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {{ file: File, title: string, key: string }} upload
 * @param {{ signal: AbortSignal, onProgress: (sentShare: number) => void }} options `sentShare` runs from 0 to 1
 * @returns {Promise<Uploaded>}
 * @throws {ProblemError} with the server's sentence
 */
export function sendFile({ file, title, key }, { signal, onProgress }) {
  const form = new FormData();
  if (title) form.append("title", title);
  form.append("video", file, file.name);
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    const broken = () => reject(new ProblemError("The connection broke off. Nothing is lost: try again.", 0));
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0));
    request.addEventListener("error", broken);
    request.addEventListener("timeout", broken);
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) {
        try {
          resolve(uploadedFrom(JSON.parse(request.responseText)));
          return;
        } catch {
          // an answer we cannot read is a broken one
        }
      }
      reject(problemOf(request.responseText, request.status));
    });
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.open("POST", "/uploads");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.send(form);
  });
}

/** @param {any} answer @returns {Uploaded} */
function uploadedFrom(answer) {
  const number = (/** @type {unknown} */ value) => (typeof value === "number" && value >= 0 ? value : null);
  const text = (/** @type {unknown} */ value) => (typeof value === "string" && value !== "" ? value : null);
  if (answer?.success !== true) throw new TypeError("not an upload's answer");
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
