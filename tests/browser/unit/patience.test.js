import assert from "node:assert/strict";
import { test } from "node:test";
import { Patience } from "../../../browser/js/core/patience.js";

const CHECK_EVERY_MS = 5_000;

/** @param {Patience} patience @param {boolean} right @param {number} fromMs @param {number} toMs */
function watch(patience, right, fromMs, toMs) {
  const advice = [];
  for (let at = fromMs; at <= toMs; at += CHECK_EVERY_MS) advice.push({ at, what: patience.check(at, right) });
  return advice.filter(({ what }) => what !== "nothing");
}

test("a picture that is right is left alone for ever", () => {
  assert.deepEqual(watch(new Patience({ now_ms: 0, reloads: 0 }), true, 0, 3_600_000), []);
});

test("a picture that is wrong is given half a minute, twice that after every reload, at most half an hour", () => {
  const first = [0, 1, 2, 10, 50].map((reloads) => watch(new Patience({ now_ms: 0, reloads }), false, 0, 4_000_000)[0].at);
  assert.deepEqual(first, [35_000, 65_000, 125_000, 1_805_000, 1_805_000]);
});

test("a short disturbance starts the count again", () => {
  const patience = new Patience({ now_ms: 0, reloads: 0 });
  assert.deepEqual(watch(patience, false, 0, 25_000), []);
  assert.deepEqual(watch(patience, true, 30_000, 30_000), []);
  assert.equal(watch(patience, false, 35_000, 200_000)[0].at, 65_000);
});

test("a minute of the right picture ends the memory of reloads", () => {
  const patience = new Patience({ now_ms: 0, reloads: 3 });
  assert.deepEqual(watch(patience, true, 0, 300_000).map(({ what }) => what), ["forget"]);
  assert.equal(patience.reloads, 0);
});

test("sleep is not the picture's fault", () => {
  const patience = new Patience({ now_ms: 0, reloads: 0 });
  assert.equal(patience.check(5_000, false), "nothing");
  assert.equal(patience.check(8 * 3_600_000, false), "woke");
  assert.equal(patience.check(8 * 3_600_000 + 5_000, false), "nothing");
});
