import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../../../browser/js/core/server_clock.js";
import { randomFrom } from "./payloads.js";

const OFFSET_MS = 1_700_000_000_000;

/**
 * One exchange at local time `atMs` over a line with the given delays.
 * @param {number} atMs @param {{ up: number, down: number, resolution?: number, offset?: number }} line
 */
function exchange(atMs, { up, down, resolution = 0, offset = OFFSET_MS }) {
  const stamp = (/** @type {number} */ ms) => (resolution > 0 ? Math.floor(ms / resolution) * resolution : ms);
  return {
    sent_local_ms: atMs,
    server_received_ms: stamp(atMs + up + offset),
    server_sent_ms: stamp(atMs + up + 0.1 + offset),
    received_local_ms: atMs + up + 0.1 + down,
    resolution_ms: resolution,
  };
}

/** @param {ServerClock} clock @param {number} [offset] */
const errorOf = (clock, offset = OFFSET_MS) => Math.abs((clock.estimate?.offset_ms ?? NaN) - offset);

test("nothing is known before the first exchange", () => {
  assert.equal(new ServerClock().estimate, null);
});

test("one exchange bounds the error by half its round trip", () => {
  const clock = new ServerClock();
  clock.add(exchange(1_000, { up: 10, down: 60 }));
  assert.ok(errorOf(clock) <= 35.1);
  assert.ok((clock.estimate?.uncertainty_ms ?? 0) >= errorOf(clock));
});

test("on a jittery line the best request and the best reply are combined", () => {
  const random = randomFrom(3);
  const clock = new ServerClock();
  for (let n = 0; n < 30; n += 1) clock.add(exchange(n * 1_000, { up: 30 + 20 * random(), down: 30 + 20 * random() }));
  assert.ok(errorOf(clock) < 2, `${errorOf(clock)}`);
});

test("stamps of whole milliseconds are seen through", () => {
  const random = randomFrom(4);
  const clock = new ServerClock();
  for (let n = 0; n < 30; n += 1) clock.add(exchange(n * 333.7, { up: 0.2 + random() * 0.1, down: 0.2, resolution: 1 }));
  assert.ok(errorOf(clock) < 0.3, `${errorOf(clock)}`);
});

test("two viewers on one fast line agree within a fraction of a millisecond", () => {
  const random = randomFrom(5);
  const clocks = [new ServerClock(), new ServerClock()];
  for (const clock of clocks) {
    for (let n = 0; n < 12; n += 1) clock.add(exchange(n * 500, { up: 0.4 + random() * 3, down: 0.5 + random() * 3 }));
  }
  const [a, b] = clocks.map((clock) => clock.estimate?.offset_ms ?? NaN);
  assert.ok(Math.abs(a - b) < 0.6, `${a - b}`);
});

test("one lying exchange changes little, a clock that has really stepped is followed", () => {
  const clock = new ServerClock();
  for (let n = 0; n < 10; n += 1) clock.add(exchange(n * 1_000, { up: 1, down: 1 }));
  clock.add(exchange(10_000, { up: 1, down: 1, offset: OFFSET_MS + 700 }));
  assert.ok(errorOf(clock) < 1.5, "a single outlier is outvoted");
  clock.add(exchange(11_000, { up: 1, down: 1, offset: OFFSET_MS + 700 }));
  assert.ok(errorOf(clock, OFFSET_MS + 700) < 1.5, "the second one in a row is believed");
});

test("a local clock 50 ppm fast is followed for an hour", () => {
  const random = randomFrom(6);
  const clock = new ServerClock();
  for (let s = 0; s < 3_600; s += 10) {
    const drifted = OFFSET_MS - s * 1_000 * 50e-6;
    clock.add(exchange(s * 1_000, { up: 1 + random(), down: 1 + random(), offset: drifted }));
    assert.ok(errorOf(clock, drifted) < 4, `${errorOf(clock, drifted)} after ${s} s`);
  }
});

test("a local clock 100 ppm off is followed on a jittery line, to either side, as well as one that is right", () => {
  for (const ppm of [0, 100, -100]) {
    const random = randomFrom(7);
    const clock = new ServerClock();
    const errors = [];
    for (let s = 0; s < 3_600; s += 5) {
      const drifted = OFFSET_MS - s * 1_000 * ppm * 1e-6;
      clock.add(exchange(s * 1_000, { up: 30 + 20 * random(), down: 30 + 20 * random(), offset: drifted }));
      if (s > 60) errors.push(errorOf(clock, drifted));
    }
    errors.sort((a, b) => a - b);
    const p95 = errors[Math.floor(errors.length * 0.95)] ?? NaN;
    assert.ok(p95 < 3, `${p95} ms at ${ppm} ppm`);
  }
});

test("an impossible exchange is ignored", () => {
  const clock = new ServerClock();
  clock.add({ sent_local_ms: 10, received_local_ms: 5, server_received_ms: 1, server_sent_ms: 1, resolution_ms: 0 });
  assert.equal(clock.estimate, null);
});
