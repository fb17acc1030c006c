import assert from "node:assert/strict";
import { test } from "node:test";
import { behindBy, LIVE, moved, shownAt, stopped } from "../../../browser/js/core/time_shift.js";
import { randomFrom } from "./payloads.js";

const NOW_MS = 1_700_000_000_000;
const EARLIEST_MS = NOW_MS - 180_000;

test("who watches live sees the instant the channel is at", () => {
  assert.equal(shownAt(LIVE, NOW_MS), NOW_MS);
  assert.equal(behindBy(LIVE, NOW_MS), 0);
});

test("a stopped picture stays while the channel goes on, and goes on from there", () => {
  const held = stopped(LIVE, NOW_MS);
  assert.equal(shownAt(held, NOW_MS + 30_000), NOW_MS);
  assert.equal(behindBy(held, NOW_MS + 30_000), 30_000);
  const on = moved(held, 0, NOW_MS + 30_000, EARLIEST_MS);
  assert.equal(shownAt(on, NOW_MS + 31_000), NOW_MS + 1_000);
  assert.equal(shownAt(stopped(on, NOW_MS + 31_000), NOW_MS + 99_000), NOW_MS + 1_000);
});

test("back as far as there is something, forward as far as the channel", () => {
  const back = moved(LIVE, -10_000, NOW_MS, EARLIEST_MS);
  assert.equal(behindBy(back, NOW_MS), 10_000);
  assert.equal(behindBy(moved(back, -10_000, NOW_MS, EARLIEST_MS), NOW_MS), 20_000);
  assert.equal(moved(back, 10_000, NOW_MS, EARLIEST_MS), LIVE);
  assert.equal(moved(back, 60_000, NOW_MS, EARLIEST_MS), LIVE, "never ahead of the channel");
  assert.equal(moved(back, 9_000, NOW_MS, EARLIEST_MS), LIVE, "nobody is a second behind");
  const oldest = moved(LIVE, -3_600_000, NOW_MS, EARLIEST_MS);
  assert.equal(shownAt(oldest, NOW_MS), EARLIEST_MS);
});

test("whoever stopped for longer than there is goes on with the oldest there is", () => {
  const later = NOW_MS + 600_000;
  const on = moved(stopped(LIVE, NOW_MS), 0, later, later - 180_000);
  assert.equal(shownAt(on, later), later - 180_000);
});

test("where it is not known what there is, there is only the channel", () => {
  assert.equal(moved(LIVE, -10_000, NOW_MS, NaN), LIVE);
});

test("whatever is pressed, the picture is never ahead of the channel nor older than what there is", () => {
  const random = randomFrom(7);
  for (let run = 0; run < 200; run += 1) {
    let shift = LIVE;
    let now = NOW_MS;
    for (let press = 0; press < 30; press += 1) {
      now += random() * 20_000;
      const earliest = now - 180_000;
      shift = random() < 0.3 ? stopped(shift, now) : moved(shift, (random() - 0.6) * 60_000, now, earliest);
      assert.ok(behindBy(shift, now) >= 0);
      if (shift.stopped_at_ms === null) assert.ok(shownAt(shift, now) >= earliest);
    }
  }
});
