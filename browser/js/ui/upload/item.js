// One file of the queue, as it shows: waiting, on its way, being looked at, done, refused.

import { ProblemError } from "../../edges/problem.js";
import { localNowMs } from "../../edges/now.js";
import { newUploadKey, sendFile } from "../../edges/upload.js";
import { copyOf, find, setAttribute, setText } from "../dom.js";
import { TransferRate } from "./transfer_rate.js";
import { asSentence, lostText, outcomeText, progressText, refusal } from "./words.js";

/** @import { Uploaded } from "../../edges/upload.js" */
/** @import { UploadQueue } from "./queue.js" */
/** @import { UploadLimits } from "./words.js" */

/** Words change at most this often, so that they can be read. */
const WORDS_EVERY_MS = 400;

/**
 * @param {{ file: File, title: string }} chosen
 * @param {{
 *   page: ParentNode, queue: UploadQueue, limits: UploadLimits, signal: AbortSignal, serverNow: () => number,
 *   onDone: (uploaded: Uploaded) => void, announce: (sentence: string) => void,
 * }} parts
 * @returns {{ element: HTMLElement, begin: () => void }}
 */
export function createItem({ file, title }, { page, queue, limits, signal, serverNow, onDone, announce }) {
  const element = copyOf(page, "[data-upload-item]");
  const name = title || file.name;
  const key = newUploadKey();
  const progress = /** @type {HTMLProgressElement} */ (find(element, "[data-progress]"));
  const status = find(element, "[data-status]");
  const notice = find(element, "[data-notice]");
  const retry = find(element, "[data-retry]");
  const cancel = find(element, "[data-cancel]");
  const job = { start: send };
  let sending = new AbortController();

  setText(find(element, "[data-name]"), name);
  setAttribute(progress, "aria-label", `Progress of ${name}`);

  /** @param {"waiting" | "sending" | "lost" | "checking" | "done" | "failed" | "cancelled"} state @param {string} text */
  function show(state, text) {
    const hadFocus = element.contains(document.activeElement);
    const isOver = state === "done" || state === "failed" || state === "cancelled";
    setAttribute(element, "data-state", state);
    setText(status, text);
    retry.hidden = state !== "failed" && state !== "cancelled";
    setText(find(element, "[data-retry-label]"), `Try ${name} again`);
    setText(find(element, "[data-cancel-label]"), isOver ? `Take ${name} off this list` : `Cancel ${name}`);
    if (hadFocus && document.activeElement === document.body) cancel.focus();
  }

  function begin() {
    const refused = refusal(file, limits);
    if (refused) {
      fail(refused);
      retry.hidden = true; // the file will not change
      return;
    }
    notice.hidden = true;
    progress.value = 0;
    show("waiting", "Waiting for its turn");
    queue.add(job);
  }

  async function send() {
    sending = new AbortController();
    signal.addEventListener("abort", () => sending.abort(), { once: true, signal: sending.signal });
    let rate = new TransferRate();
    let wordsAtMs = -Infinity;
    show("sending", "Starting");
    try {
      const onProgress = (/** @type {number} */ share) => {
        const nowMs = localNowMs();
        const sentBytes = Math.round(share * file.size);
        rate.add(nowMs, sentBytes);
        progress.value = share;
        if (share >= 1) show("checking", "All sent. The station is looking at it.");
        else if (nowMs - wordsAtMs >= WORDS_EVERY_MS) {
          wordsAtMs = nowMs;
          const { bytesPerSecond } = rate;
          show("sending", progressText({ sentBytes, totalBytes: file.size, bytesPerSecond, timeLeftMs: rate.timeLeft(file.size) }));
        }
      };
      const onLost = (/** @type {string | null} */ sentence) => {
        rate = new TransferRate(); // the time without a connection says nothing of the speed
        wordsAtMs = -Infinity;
        show("lost", lostText(progress.value, sentence));
      };
      done(await sendFile({ file, title, key, direct: limits.direct }, { signal: sending.signal, onProgress, onLost }));
    } catch (error) {
      if (error instanceof ProblemError) fail(error.message);
      else if (sending.signal.aborted) show("cancelled", "Cancelled. Nothing was kept.");
      else throw error;
    } finally {
      sending.abort(); // ends the listener on the page's signal
    }
  }

  /** @param {Uploaded} uploaded */
  function done(uploaded) {
    const outcome = outcomeText(uploaded, serverNow());
    const remarks = [uploaded.reason, uploaded.notice].map(asSentence).filter(Boolean).join(" ");
    progress.value = 1;
    setText(find(element, "[data-name]"), uploaded.title || name);
    setText(notice, remarks);
    notice.hidden = remarks === "";
    show("done", outcome);
    announce(`${uploaded.title || name}: ${outcome}. ${remarks}`);
    onDone(uploaded);
  }

  /** @param {string} sentence */
  function fail(sentence) {
    show("failed", sentence);
    announce(`${name}: ${sentence}`);
  }

  retry.addEventListener("click", () => {
    cancel.focus(); // the button hides; the focus stays in the row
    begin();
  }, { signal });
  cancel.addEventListener("click", () => {
    const { state } = element.dataset;
    if (state === "waiting") {
      queue.remove(job);
      show("cancelled", "Cancelled. Nothing was sent.");
    } else if (state === "sending" || state === "lost" || state === "checking") sending.abort();
    else leave(element);
  }, { signal });

  return { element, begin };
}

/** Takes a row away and leaves the focus with its neighbour. @param {HTMLElement} element */
function leave(element) {
  const neighbour = element.nextElementSibling ?? element.previousElementSibling;
  const target = neighbour?.querySelector("[data-cancel]") ?? document.querySelector("[data-files]");
  element.remove();
  if (target instanceof HTMLElement) target.focus();
}
