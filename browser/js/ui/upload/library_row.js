// One row of the library: what the video is, whether and as what it is on the channel, and what is being made of it.

import { find, setAttribute, setText } from "../dom.js";
import { whenText } from "../format.js";
import { showStill } from "../still.js";
import { rowFactsText, stateText } from "./library_words.js";
import { renderJob } from "./row_job.js";
import { asSentence } from "./words.js";

/** @import { Job } from "../../core/jobs.js" */
/** @import { LibraryVideo } from "../../edges/library.js" */

/**
 * @param {HTMLElement} row
 * @param {{ video: LibraryVideo, job: Job | null, nowMs: number }} given `nowMs` in channel time
 */
export function renderRow(row, { video, job, nowMs }) {
  const { state, on_air_at_ms, poster, previews, title } = video;
  const isOnAir = state === "ready" && on_air_at_ms !== null && on_air_at_ms <= nowMs;
  const reason = find(row, "[data-row-reason]");
  setAttribute(row, "data-state", isOnAir ? "on-air" : state);
  setText(find(row, "[data-row-state]"), stateText(video, isOnAir));
  setText(find(row, "[data-row-title]"), title);
  setText(find(row, "[data-row-facts]"), rowFactsText(video));
  setText(find(row, "[data-row-when]"), on_air_at_ms === null || isOnAir ? "" : whenText(on_air_at_ms, nowMs));
  setText(reason, asSentence(video.reason));
  reason.hidden = !video.reason;
  showStill(row, "[data-still]", poster);
  setAttribute(find(row, "[data-still]"), "data-previews", previews);
  find(row, "[data-preview]").hidden = previews === null;
  setText(find(row, "[data-preview-label]"), `Preview of ${title}`);
  setText(find(row, "[data-texts-name]"), `Add captions to ${title}`);
  find(row, "[data-texts-label]").hidden = state === "quarantined";
  renderJob(row, video, job, nowMs);
  find(row, "[data-row-more]").hidden = reason.hidden && job === null;
}
