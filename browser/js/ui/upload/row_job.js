// A video's conversion within its row: the stage in words, how far it is, why it failed, and another try.

import { retryConversion } from "../../edges/jobs.js";
import { find, setAttribute, setText } from "../dom.js";
import { jobReason, jobText, progressFigures } from "./library_words.js";

/** @import { Job } from "../../core/jobs.js" */
/** @import { LibraryVideo } from "../../edges/library.js" */

/**
 * @param {HTMLElement} row
 * @param {LibraryVideo} video
 * @param {Job | null} job
 * @param {number} nowMs channel time
 */
export function renderJob(row, video, job, nowMs) {
  const box = find(row, "[data-job]");
  box.hidden = job === null;
  if (!job) return;
  const { state, progress, details } = job;
  const bar = /** @type {HTMLProgressElement} */ (find(box, "[data-job-progress]"));
  const retry = find(box, "[data-job-retry]");
  const lines = find(box, "[data-job-details]");
  const reason = jobReason(job);
  setAttribute(box, "data-state", state);
  setText(find(box, "[data-job-stage]"), jobText(job, nowMs));
  setText(find(box, "[data-job-figures]"), state === "running" ? progressFigures(progress) : "");
  setText(find(box, "[data-job-reason]"), reason);
  bar.hidden = state !== "running";
  setAttribute(bar, "aria-label", `Conversion of ${video.title}`);
  if (progress) bar.value = progress.done_permille;
  else bar.removeAttribute("value");
  lines.hidden = reason === "" || details.length === 0;
  setText(find(box, "[data-job-lines]"), details.join("\n"));
  setAttribute(retry, "aria-label", `Try again: ${video.title}`);
  if (state !== "failed" && retry.contains(document.activeElement)) find(row, "[data-row-title]").focus();
  retry.hidden = state !== "failed";
}

/**
 * Has the conversion of a row's video tried again; what comes of it is told like every other news of it.
 * @param {HTMLElement} row
 * @param {string} id
 * @param {AbortSignal} signal
 */
export async function retryIn(row, id, signal) {
  const retry = find(row, "[data-job-retry]");
  const problem = find(row, "[data-job-problem]");
  if (retry.ariaBusy === "true") return;
  retry.ariaBusy = "true";
  setText(problem, "");
  try {
    await retryConversion(id, signal);
  } catch (error) {
    if (!signal.aborted) setText(problem, error instanceof Error ? error.message : String(error));
  } finally {
    retry.ariaBusy = "false";
  }
}
