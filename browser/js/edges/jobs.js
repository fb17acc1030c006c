// What the station converts, told as it goes: by /job-updates, and while that does not come through, by asking /jobs.

import { parseJobs } from "../core/jobs.js";
import { EventStream } from "./event_stream.js";
import { every, timeLimit } from "./now.js";
import { problemOf } from "./problem.js";
import { whileVisible } from "./visible.js";

/** @import { Jobs } from "../core/jobs.js" */

const ASK_EVERY_MS = 5_000;
const REQUEST_LIMIT_MS = 10_000;

/**
 * Follows the conversions as long as somebody can see the page: a hidden one takes no connection.
 * @param {{ onJobs: (jobs: Jobs) => void, signal: AbortSignal }} options
 */
export function followJobs({ onJobs, signal }) {
  whileVisible(signal, (visible) => {
    /** Whether the stream of now has said something: the first event comes at once. */
    let isLive = false;

    /** @param {unknown} data */
    function hear(data) {
      try {
        onJobs(parseJobs(data));
        return true;
      } catch {
        return false; // of another shape, so of another version: the next one may be better
      }
    }
    new EventStream({
      onEvent: (type, data) => {
        if (type === "jobs") isLive = hear(data);
      },
      onConnection: () => {
        isLive = false;
      },
    }, visible, { main: "/job-updates" });
    every(ASK_EVERY_MS, () => {
      if (!isLive) void askForJobs(visible).then(hear, () => {});
    }, visible);
  });
}

/** @param {AbortSignal} signal @returns {Promise<unknown>} */
async function askForJobs(signal) {
  const answer = await fetch("/jobs", { cache: "no-store", signal: timeLimit(REQUEST_LIMIT_MS, signal) });
  if (!answer.ok) throw problemOf("", answer.status);
  return answer.json();
}

/**
 * Has a conversion that was given up tried again.
 * @param {string} video its id
 * @param {AbortSignal} signal
 * @throws {import("./problem.js").ProblemError} with the server's sentence
 */
export async function retryConversion(video, signal) {
  const answer = await fetch(`/library/${encodeURIComponent(video)}/retry`, {
    method: "POST",
    headers: { Accept: "application/json" },
    signal: timeLimit(REQUEST_LIMIT_MS, signal),
  });
  if (!answer.ok) throw problemOf(await answer.text(), answer.status);
}
