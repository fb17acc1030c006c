import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AUDIBLE_RATE_LIMIT, median, SILENT_RATE_LIMIT, StartLatency, SyncController,
} from "../../../browser/js/core/sync_controller.js";
import { randomFrom } from "./payloads.js";

const SAMPLE_EVERY_MS = 25;

/**
 * Plays for `ms` with an element that starts `error` ahead, whose clock runs `ppm` fast and whose readings are noisy.
 * @param {{ error: number, ms: number, ppm?: number, noise?: number, audible?: boolean, seed?: number, actsAfter?: number }} plan
 */
function play({ error, ms, ppm = 0, noise = 0, audible = true, seed = 1, actsAfter = 0 }) {
  const random = randomFrom(seed);
  const controller = new SyncController();
  controller.limitFor(audible);
  controller.released(0);
  let ahead = error;
  let rate = 1;
  /** @type {Array<{ at: number, rate: number }>} */
  const queue = [];
  const rates = [];
  const errors = [];
  let parks = 0;
  for (let at = 0; at < ms; at += SAMPLE_EVERY_MS) {
    while (queue[0] && queue[0].at <= at) rate = queue.shift()?.rate ?? rate;
    ahead += SAMPLE_EVERY_MS * (rate * (1 + ppm / 1e6) - 1);
    const command = controller.sample(at, ahead + noise * (random() - 0.5));
    if (command?.kind === "rate") {
      queue.push({ at: at + actsAfter, rate: command.rate });
      rates.push(command.rate);
    }
    if (command?.kind === "park") {
      parks += 1;
      ahead = 2;
      rate = 1;
      controller.released(at);
    }
    errors.push(ahead);
  }
  return { controller, errors, rates, parks, last: ahead };
}

test("a start 5 ms off is steered to within half a millisecond in 4 s without breaking the display's pattern", () => {
  for (const audible of [true, false]) {
    const { errors, rates, parks } = play({ error: -5, ms: 10_000, audible });
    assert.equal(parks, 0);
    assert.ok(errors.slice(4_000 / SAMPLE_EVERY_MS).every((error) => Math.abs(error) < 0.5));
    assert.ok(rates.every((rate) => Math.abs(rate - 1) <= 0.0025), "Chromium starts the pattern anew from there");
  }
});

test("a larger error is hurried after inaudibly, and not left half-way", () => {
  const { errors, rates } = play({ error: 25, ms: 12_000 });
  assert.ok(rates.every((rate) => Math.abs(rate - 1) <= AUDIBLE_RATE_LIMIT + 1e-12));
  assert.ok(errors.slice(8_000 / SAMPLE_EVERY_MS).every((error) => Math.abs(error) < 1.2));
});

test("without sound it may hurry: a third of a second late is made up in 4 s, and nothing stands still", () => {
  const { errors, rates, parks } = play({ error: -330, ms: 8_000, audible: false, actsAfter: 60 });
  assert.equal(parks, 0);
  assert.ok(rates.every((rate) => Math.abs(rate - 1) <= SILENT_RATE_LIMIT + 1e-12));
  assert.ok(errors.slice(4_000 / SAMPLE_EVERY_MS).every((error) => Math.abs(error) < 1));
});

test("noisy readings and a rate that acts late do not make it swing", () => {
  const { errors } = play({ error: 8, ms: 20_000, noise: 6, actsAfter: 100, seed: 9 });
  assert.ok(errors.slice(5_000 / SAMPLE_EVERY_MS).every((error) => Math.abs(error) < 2.5));
});

test("a clock 100 ppm fast is held within half a millisecond for ten minutes without a park", () => {
  const { errors, parks } = play({ error: 0, ms: 600_000, ppm: 100 });
  assert.equal(parks, 0);
  assert.ok(errors.every((error) => Math.abs(error) < 0.8));
});

test("in step the rate is exactly 1 and is left alone", () => {
  const { rates } = play({ error: 0.1, ms: 5_000, noise: 0.2 });
  assert.deepEqual(rates, []);
});

test("a large error is parked once, not crawled after", () => {
  const { parks, last } = play({ error: 900, ms: 5_000 });
  assert.equal(parks, 1);
  assert.ok(Math.abs(last) < 1);
});

test("a device that cannot keep up parks ever more rarely", () => {
  const controller = new SyncController();
  controller.released(0);
  const parkedAt = [];
  for (let at = 0; at < 300_000; at += SAMPLE_EVERY_MS) {
    if (controller.sample(at, -400)?.kind === "park") parkedAt.push(at);
  }
  const gaps = parkedAt.slice(1).map((at, place) => at - parkedAt[place]);
  assert.ok(parkedAt.length >= 4 && parkedAt.length <= 12, `${parkedAt.length} parks in five minutes`);
  assert.ok(gaps.every((gap, place) => place === 0 || gap >= gaps[place - 1] - SAMPLE_EVERY_MS * 10));
});

test("in sync is said with hysteresis and taken back when the picture is lost", () => {
  const { controller } = play({ error: 0, ms: 1_000 });
  assert.equal(controller.inSync, true);
  for (let at = 2_000; at < 2_400; at += SAMPLE_EVERY_MS) controller.sample(at, 30);
  assert.equal(controller.inSync, true, "30 ms does not yet lose it");
  controller.lost();
  assert.equal(controller.inSync, false);
  assert.equal(controller.error_ms, null);
  for (let at = 3_000; at < 3_400; at += SAMPLE_EVERY_MS) controller.sample(at, 30);
  assert.equal(controller.inSync, false, "and 30 ms does not yet win it");
});

test("start latency: a guess at first, then the median of what was seen, impossible values ignored", () => {
  const latency = new StartLatency(40);
  assert.equal(latency.expected_ms, 40);
  for (const seen of [70, 72, 500, -3, NaN, 71]) latency.learn(seen);
  assert.equal(latency.expected_ms, 71);
  assert.deepEqual(new StartLatency(40, latency.seen).expected_ms, 71);
});

test("median of odd and even counts", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test("following a course that gains on the clock is no error to be steered away", () => {
  const controller = new SyncController();
  controller.released(0);
  assert.deepEqual(controller.lean(0.005), { kind: "rate", rate: 1.005 });
  assert.equal(controller.lean(0.005), null);
  for (let at = 25; at < 2_000; at += SAMPLE_EVERY_MS) assert.equal(controller.sample(at, 0), null);
  assert.deepEqual(controller.lean(-0.005), { kind: "rate", rate: 0.995 });
  const commands = Array.from({ length: 20 }, (_, place) => controller.sample(2_025 + place * SAMPLE_EVERY_MS, -1)).filter(Boolean);
  assert.deepEqual(commands, [{ kind: "rate", rate: 0.995 + 0.002 }], "what is behind comes on top");
});
