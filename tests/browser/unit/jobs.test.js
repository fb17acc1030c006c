import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../../browser/js/core/checks.js";
import { ended, parseJobs } from "../../../browser/js/core/jobs.js";
import { endText, jobReason, jobText, progressFigures, rowFactsText, stateText } from "../../../browser/js/ui/upload/library_words.js";

const NOW_MS = 1_700_000_000_000;

/** As the server writes one that waits and never ran. @param {Record<string, unknown>} [more] */
const waiting = (more = {}) => ({ video: "a", step: "house", state: "waiting", not_before_ms: -9223372036854775808, failures: 0, reason: null, details: [], ...more });
const running = (/** @type {Record<string, unknown> | null} */ progress, /** @type {Record<string, unknown>} */ more = {}) =>
  ({ video: "a", step: "house", state: "running", worker: "here", since_ms: NOW_MS, progress, failures: 0, reason: null, details: [], ...more });
const failed = (/** @type {Record<string, unknown>} */ more = {}) =>
  ({ video: "a", step: "house", state: "failed", failures: 4, reason: "the conversion stood still", details: ["line"], ...more });

const told = (/** @type {Record<string, unknown>[]} */ ...jobs) => parseJobs({ jobs, total: jobs.length });
const one = (/** @type {Record<string, unknown>} */ job) => /** @type {import("../../../browser/js/core/jobs.js").Job} */ (told(job).jobs[0]);

test("a good list comes through, frozen, and a job that never failed waits for no instant", () => {
  const jobs = told(waiting(), running({ stage: "encode", done_permille: 421, speed: 2.14, left_s: 30 }), failed());
  assert.ok(Object.isFrozen(jobs) && Object.isFrozen(jobs.jobs[1]?.progress));
  assert.equal(jobs.jobs[0]?.not_before_ms, null);
  assert.deepEqual(jobs.jobs[1]?.progress, { stage: "encode", done_permille: 421, speed: 2.14, left_s: 30 });
  assert.equal("worker" in (jobs.jobs[1] ?? {}), false, "nothing the page has no use for");
});

for (const [name, job] of /** @type {[string, unknown][]} */ ([
  ["a state nobody knows", waiting({ state: "paused" })],
  ["a stage nobody knows", running({ stage: "dream", done_permille: 1 })],
  ["more than all of it", running({ stage: "encode", done_permille: 1_001 })],
  ["a speed that is text", running({ stage: "encode", done_permille: 1, speed: "fast" })],
  ["no video", waiting({ video: undefined })],
  ["a job that is a list", []],
])) {
  test(`${name} is refused`, () => assert.throws(() => parseJobs({ jobs: [job], total: 1 }), WireError));
}

test("what a program said is cut, not refused", () => {
  const job = one(failed({ reason: "x".repeat(9_000), details: Array.from({ length: 500 }, () => "y".repeat(9_000)) }));
  assert.ok((job.reason?.length ?? 0) <= 1_000 && job.details.length <= 50 && (job.details[0]?.length ?? 0) <= 1_000);
});

test("a job that is gone is done, one that is failed now is over too, one that still waits is not", () => {
  const before = told(running(null), waiting({ video: "b" }), waiting({ video: "c" }), failed({ video: "d" }));
  assert.deepEqual(ended(before, told(waiting({ video: "b" }), failed({ video: "c" }), failed({ video: "d" }))), [
    { video: "a", step: "house", failed: false },
    { video: "c", step: "house", failed: true },
  ]);
  assert.deepEqual(ended(null, before), []);
});

test("the quick version's end is an end, though the better one waits at once", () => {
  assert.deepEqual(ended(told(running(null, { step: "quick" })), told(waiting())), [{ video: "a", step: "quick", failed: false }]);
});

test("of a list that is cut off, only what ran can have ended", () => {
  const before = parseJobs({ jobs: [running(null), waiting({ video: "z" })], total: 500 });
  const now = parseJobs({ jobs: [waiting({ video: "y" })], total: 501 });
  assert.deepEqual(ended(before, now).map(({ video }) => video), ["a"]);
});

test("every stage has its words, and a wait says what it waits for", () => {
  const stages = ["quick", "measure", "encode", "verify", "stills", "subtitles"];
  const words = stages.map((stage) => jobText(one(running({ stage, done_permille: 0 })), NOW_MS));
  assert.equal(new Set(words).size, stages.length);
  assert.equal(words[2], "Converting to full quality");
  assert.equal(jobText(one(running(null)), NOW_MS), "Starting");
  assert.equal(jobText(one(waiting({ step: "quick" })), NOW_MS), "Waiting its turn");
  assert.equal(jobText(one(waiting({ not_before_ms: NOW_MS + 180_000, failures: 1 })), NOW_MS), "Will be tried again in 3 min");
  assert.equal(jobText(one(waiting({ not_before_ms: NOW_MS - 1, failures: 1 })), NOW_MS), "Waiting its turn for full quality");
  assert.equal(jobText(one(waiting({ step: "texts" })), NOW_MS), "New subtitles wait their turn");
  assert.equal(jobText(one(failed({ step: "quick" })), NOW_MS), "The conversion failed");
  assert.equal(jobText(one(running({ stage: "encode", done_permille: 0 }, { step: "floor" })), NOW_MS), "Converting for the stream");
  assert.equal(jobText(one(waiting({ step: "floor" })), NOW_MS), "Waiting its turn for the stream");
  assert.equal(jobText(one(failed({ step: "floor" })), NOW_MS), "The conversion for the stream failed");
});

test("figures say as much as is known", () => {
  assert.equal(progressFigures(one(running({ stage: "encode", done_permille: 429, speed: 2.14, left_s: 200 })).progress), "42 % · 2.1× · 3 min left");
  assert.equal(progressFigures(one(running({ stage: "measure", done_permille: 1_000, speed: 31.4, left_s: null })).progress), "100 % · 31×");
  assert.equal(progressFigures(one(running({ stage: "verify", done_permille: 0, speed: null })).progress), "0 %");
  assert.equal(progressFigures(null), "");
});

test("a reason is a sentence, shown while the failure matters", () => {
  assert.equal(jobReason(one(failed())), "The conversion stood still.");
  assert.equal(jobReason(one(waiting({ failures: 1, reason: "the disk is full" }))), "The disk is full.");
  assert.equal(jobReason(one(running(null, { failures: 1, reason: "the disk is full" }))), "");
});

test("the row says as what a video is on the channel", () => {
  const video = /** @type {const} */ ({
    id: "a", title: "Kites", source: "uploads", state: "ready", reason: null, duration_ms: 83_000, size_bytes: 12_000_000,
    width: 1920, height: 1080, video_codec: "h264", on_air_at_ms: null, version: "house", poster: null, previews: null,
    captions: [{ language: "en", label: "English", url: "/a.vtt" }],
  });
  assert.equal(stateText(video, false), "On the channel · full quality");
  assert.equal(stateText({ ...video, version: "quick" }, true), "On air now · quick version");
  assert.equal(stateText({ ...video, version: "original" }, false), "On the channel · as it came");
  assert.equal(stateText({ ...video, state: "waiting" }, false), "Waiting for conversion");
  assert.equal(rowFactsText(video), "1:23 · 1920 × 1080 · 12 MB · uploaded · subtitles: English");
  assert.equal(stateText({ ...video, version: "floor" }, false), "On the channel · small picture");
  assert.equal(endText({ step: "quick", failed: false }, "Kites"), "Kites can go on the air.");
  assert.equal(endText({ step: "floor", failed: false }, "Kites"), "Kites is there for the stream.");
  assert.equal(endText({ step: "house", failed: true }, undefined), "A video: the conversion failed.");
});
