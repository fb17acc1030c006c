// The benchmark's own arithmetic: a ruler that is wrong measures nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { changes, firstRight, FRAME_MS, holds, lags, lateness, mean, meansOf, quantile, sameShare, showingsOf, spreads } from "../../../bench/sync/analyse.js";
import { CLIP_MAX, decode, encode, FRAME_MAX, picture, WIDTH } from "../../../bench/sync/code.js";

const AIRINGS = [
  { clip: 0, from_ms: 1_000, to_ms: 3_000 },
  { clip: 1, from_ms: 3_000, to_ms: 7_000 },
];

/** A viewer that shows every frame `lateMs` after its time. @param {number} lateMs */
const viewer = (lateMs) =>
  AIRINGS.flatMap(({ clip, from_ms, to_ms }) =>
    Array.from({ length: (to_ms - from_ms) / FRAME_MS }, (_, frame) => ({ at_ms: from_ms + frame * FRAME_MS + lateMs, clip, frame })),
  );

test("every number can be written and read, and a damaged one is not another number", () => {
  for (const clip of [0, 1, CLIP_MAX]) {
    for (let frame = 0; frame <= FRAME_MAX; frame += 1) {
      const word = encode(clip, frame);
      assert.deepEqual(decode(word, word ^ 0xffff), { clip, frame });
      assert.equal(decode(word ^ 4, word ^ 0xffff), null);
      assert.equal(decode(word ^ 4, word ^ 0xffff ^ 4), null, "parity");
    }
  }
});

test("the picture holds the number", () => {
  const pixels = picture(3, 700);
  const row = (/** @type {number} */ y) => Array.from({ length: 16 }, (_, x) => (pixels[y * WIDTH + x * 20 + 10] > 128 ? 1 : 0)).reduce((bits, bit) => bits * 2 + bit, 0);
  assert.deepEqual(decode(row(20), row(60)), { clip: 3, frame: 700 });
});

test("sightings become showings on the shared clock", () => {
  const word = encode(0, 5);
  const { showings, unreadable } = showingsOf([[10, word, word ^ 0xffff], [20, word, word ^ 0xffff], [30, 1, 1]], (ms) => ms + 1_000);
  assert.deepEqual(showings, [{ at_ms: 1_010, clip: 0, frame: 5 }]);
  assert.equal(unreadable, 1);
});

test("viewers in step share all the time, one 10 ms late loses a quarter of every frame", () => {
  assert.equal(sameShare([viewer(0), viewer(0)], 1_100, 6_900), 1);
  assert.ok(Math.abs(sameShare([viewer(0), viewer(10)], 1_120, 6_920) - 0.75) < 0.01);
  assert.deepEqual([...new Set(spreads([viewer(0), viewer(10)], AIRINGS, 1_100, 6_900))], [10]);
});

test("a hold and a lost frame at a change are found", () => {
  const whole = changes(viewer(2), AIRINGS, 1_000, 7_000);
  assert.deepEqual(whole.map(({ hold_ms, lost }) => [hold_ms, lost]), [[40, 0]]);
  const gap = viewer(0).filter(({ clip, frame }) => !(clip === 1 && frame < 2));
  assert.deepEqual(changes(gap, AIRINGS, 1_000, 7_000).map(({ hold_ms, lost }) => [hold_ms, lost]), [[120, 2]]);
});

test("right is first when the scheduled frame is shown and stays", () => {
  const late = viewer(0).filter(({ at_ms }) => at_ms >= 2_000);
  const parked = [{ at_ms: 1_500, clip: 0, frame: 25 }, ...late];
  const right = firstRight(parked, AIRINGS, 1_200, 6_000);
  assert.ok(right !== null && right >= 1_980 && right <= 2_005, `${right}`);
  assert.equal(firstRight(viewer(500), AIRINGS, 1_500, 6_000), null);
});

test("lateness has a sign, and its means say when it changed", () => {
  const moved = viewer(5).map((showing) => (showing.at_ms < 4_000 ? showing : { ...showing, at_ms: showing.at_ms - 12 }));
  const late = lateness(moved, AIRINGS, 1_000, 7_000);
  assert.deepEqual(meansOf(late, 1_000, 7_000, 1_000).map(Math.round), [5, 5, 5, -7, -7, -7]);
  assert.deepEqual(meansOf(late, 6_000, 9_000, 1_000).map(Math.round), [-7], "of the rest nothing was seen");
});

test("how much later one viewer is than another is told with its sign", () => {
  const of = (/** @type {number} */ one, /** @type {number} */ other) => mean(lags(viewer(one), viewer(other), AIRINGS, 1_100, 6_900).map(({ late_ms }) => late_ms));
  assert.ok(Math.abs(of(3, 28) - 25) < 0.01);
  assert.ok(Math.abs(of(28, 3) + 25) < 0.01);
});

test("a picture that stands is found, also one that stands until the end", () => {
  assert.deepEqual([...new Set(holds(viewer(0), 2_010, 6_000))], [40]);
  const stood = viewer(0).filter(({ at_ms }) => at_ms < 4_000 || at_ms >= 4_500);
  assert.equal(Math.max(...holds(stood, 2_000, 6_000)), 560);
  assert.equal(Math.max(...holds(viewer(0).filter(({ at_ms }) => at_ms < 3_000), 2_000, 6_000)), 3_040);
});

test("quantiles", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2);
  assert.equal(quantile([1, 2, 3, 4], 1), 4);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});
