import assert from "node:assert/strict";
import { test } from "node:test";
import { UploadQueue } from "../../../browser/js/ui/upload/queue.js";
import { TransferRate } from "../../../browser/js/ui/upload/transfer_rate.js";
import { asSentence, factsText, outcomeText, progressText, refusal } from "../../../browser/js/ui/upload/words.js";

function pendingJob() {
  /** @type {() => void} */
  let finish = () => {};
  const job = {
    started: 0,
    start() {
      job.started += 1;
      return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
        finish = () => resolve();
      });
    },
    finish: () => finish(),
  };
  return job;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("two files go at a time, the others in the order they came", async () => {
  const queue = new UploadQueue();
  const jobs = [pendingJob(), pendingJob(), pendingJob(), pendingJob()];
  for (const job of jobs) queue.add(job);
  assert.deepEqual(jobs.map(({ started }) => started), [1, 1, 0, 0]);
  queue.remove(/** @type {any} */ (jobs[2]));
  jobs[1]?.finish();
  await turn();
  assert.deepEqual(jobs.map(({ started }) => started), [1, 1, 0, 1]);
  jobs[0]?.finish();
  jobs[3]?.finish();
  await turn();
  assert.ok(!queue.isBusy);
});

test("the rate is that of the last seconds, unknown at first", () => {
  const rate = new TransferRate();
  rate.add(0, 0);
  rate.add(500, 4_000);
  assert.equal(rate.bytesPerSecond, null);
  rate.add(2_000, 2_000_000);
  assert.equal(rate.bytesPerSecond, 1_000_000);
  assert.equal(rate.timeLeft(5_000_000), 3_000);
  for (let second = 3; second <= 30; second += 1) rate.add(second * 1_000, 2_000_000); // the line is dead
  assert.equal(rate.bytesPerSecond, 0);
  assert.equal(rate.timeLeft(5_000_000), null);
});

test("a rate with very many samples keeps few of them", () => {
  const rate = new TransferRate();
  for (let ms = 0; ms < 10_000; ms += 1) rate.add(ms, ms * 1_000);
  assert.equal(rate.bytesPerSecond, null, "200 samples of a millisecond tell too little");
});

test("a file that cannot be taken is refused before it is sent, with the limit in the sentence", () => {
  const limits = { maxBytes: 2_000_000_000, endings: ["mp4", "webm"] };
  assert.equal(refusal({ name: "a.mp4", size: 10 }, limits), null);
  assert.equal(refusal({ name: "A.WEBM", size: 10 }, limits), null);
  assert.equal(refusal({ name: "a.mp4", size: 0 }, limits), "“a.mp4” is empty.");
  assert.match(refusal({ name: "a.mp4", size: 3_000_000_000 }, limits) ?? "", /3\.0 GB.*2 GB/);
  assert.match(refusal({ name: "mp4.zip", size: 10 }, limits) ?? "", /not named like a video.*mp4, webm/);
});

test("a reason reads as a sentence, whoever wrote it", () => {
  assert.equal(asSentence("this is not a video file"), "This is not a video file.");
  assert.equal(asSentence("Is it? Yes!"), "Is it? Yes!");
  assert.equal(asSentence(null), "");
});

test("what was found and when it is on the air is said in one line", () => {
  const video = { duration_ms: 83_000, width: 1920, height: 1080, size_bytes: 12_000_000 };
  assert.equal(factsText(video), "1:23 · 1920 × 1080 · 12 MB");
  const uploaded = { ...video, id: "x", title: "Kites", state: "ready", reason: null, notice: null, on_air_at_ms: null };
  assert.equal(outcomeText(uploaded, 0), "On the channel soon · 1:23 · 1920 × 1080 · 12 MB");
  assert.match(outcomeText({ ...uploaded, state: "waiting" }, 0), /^Kept, waiting for conversion/);
  assert.equal(
    progressText({ sentBytes: 5_000_000, totalBytes: 20_000_000, bytesPerSecond: 1_500_000, timeLeftMs: 10_000 }),
    "5.0 MB of 20 MB · 1.5 MB/s · 10 s left",
  );
});
