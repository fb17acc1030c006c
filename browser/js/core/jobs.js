// What the station is converting, as it says; checked like everything else at the border.

import { COUNT_MAX, INSTANT_MAX_MS, number, record, text, WireError } from "./checks.js";

const JOBS_MAX = 1_000;
const DETAILS_MAX = 50;
const LINE_MAX = 1_000;
const STEPS = /** @type {const} */ (["quick", "texts", "floor", "house"]);
const STAGES = /** @type {const} */ (["quick", "measure", "encode", "verify", "stills", "subtitles"]);

/**
 * @typedef {typeof STEPS[number]} Step
 * @typedef {typeof STAGES[number]} Stage
 * @typedef {Readonly<{ stage: Stage, done_permille: number, speed: number | null, left_s: number | null }>} Progress
 *
 * One video's conversion. `not_before_ms` (channel time) is when a failed one comes to its turn again, null if
 * nothing but its turn is waited for.
 * @typedef {Readonly<{
 *   video: string, step: Step, state: "waiting" | "running" | "failed", not_before_ms: number | null,
 *   progress: Progress | null, failures: number, reason: string | null, details: ReadonlyArray<string>,
 * }>} Job
 * @typedef {Readonly<{ jobs: ReadonlyArray<Job>, total: number }>} Jobs
 */

/**
 * Checks the answer of `GET /jobs` and the data of a `jobs` event.
 * @param {unknown} value
 * @returns {Jobs}
 * @throws {WireError}
 */
export function parseJobs(value) {
  const from = record(value, "jobs");
  if (!Array.isArray(from.jobs) || from.jobs.length > JOBS_MAX) throw new WireError("jobs", from.jobs);
  return Object.freeze({
    jobs: Object.freeze(from.jobs.map((job) => jobFrom(record(job, "job")))),
    total: number(from, "total", 0, COUNT_MAX),
  });
}

/** @param {Record<string, unknown>} from @returns {Job} */
function jobFrom(from) {
  const details = Array.isArray(from.details) ? from.details : [];
  return Object.freeze({
    video: text(from, "video"),
    step: oneOf(from, "step", STEPS),
    state: oneOf(from, "state", /** @type {const} */ (["waiting", "running", "failed"])),
    not_before_ms: instantOrNull(from.not_before_ms),
    progress: from.progress === null || from.progress === undefined ? null : progressFrom(record(from.progress, "progress")),
    failures: number(from, "failures", 0, COUNT_MAX),
    reason: typeof from.reason === "string" && from.reason !== "" ? from.reason.slice(0, LINE_MAX) : null,
    details: Object.freeze(details.slice(0, DETAILS_MAX).map((line) => String(line).slice(0, LINE_MAX))),
  });
}

/** @param {Record<string, unknown>} from @returns {Progress} */
function progressFrom(from) {
  const isKnown = (/** @type {unknown} */ value) => value !== null && value !== undefined;
  return Object.freeze({
    stage: oneOf(from, "stage", STAGES),
    done_permille: number(from, "done_permille", 0, 1_000),
    speed: isKnown(from.speed) ? number(from, "speed", 0, 1e6) : null,
    left_s: isKnown(from.left_s) ? number(from, "left_s", 0, COUNT_MAX) : null,
  });
}

/** An instant of channel time; the beginning of time stands for none. @param {unknown} value */
const instantOrNull = (value) => (typeof value === "number" && value > 0 && value <= INSTANT_MAX_MS ? value : null);

/**
 * @template {string} T
 * @param {Record<string, unknown>} from @param {string} field @param {ReadonlyArray<T>} words
 * @returns {T}
 */
function oneOf(from, field, words) {
  const word = words.find((known) => known === from[field]);
  if (word === undefined) throw new WireError(field, from[field]);
  return word;
}

/**
 * Which conversions were open a moment ago and are done now, or given up: the library says otherwise about their
 * videos. Of a list that is cut off, only those that ran can be told from those that merely slipped off its end.
 * @param {Jobs | null} before
 * @param {Jobs} now
 * @returns {Array<{ video: string, step: Step, failed: boolean }>}
 */
export function ended(before, now) {
  const isCut = now.total > now.jobs.length;
  const wasOpen = (/** @type {Job} */ { state }) => (isCut ? state === "running" : state !== "failed");
  return (before?.jobs ?? []).filter(wasOpen).flatMap(({ video, step }) => {
    const same = now.jobs.find((job) => job.video === video && job.step === step);
    return !same || same.state === "failed" ? [{ video, step, failed: same !== undefined }] : [];
  });
}
