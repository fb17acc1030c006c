import assert from "node:assert/strict";
import test from "node:test";
import { swayAt } from "../../../browser/js/core/sway.js";

test("the sway is continuous, bounded and the same for everybody", () => {
  const start = 1_790_000_000_000;
  let before = swayAt(start);
  for (let ms = start + 1; ms < start + 10_000; ms += 1) {
    const now = swayAt(ms);
    assert.ok(Math.abs(now.offset_ms) <= 3.75 + 1e-9, `${now.offset_ms} ms from the schedule`);
    assert.ok(Math.abs(now.offset_ms - before.offset_ms - before.slope) < 0.011, "it does not jump");
    before = now;
  }
});

test("its slope stays clear of the rate at which browsers find a cadence, and changes no oftener than they average", () => {
  const start = 1_790_000_000_000;
  const turns = [];
  for (let ms = start; ms < start + 30_000; ms += 1) {
    assert.ok(Math.abs(swayAt(ms).slope) > 0.0025);
    if (swayAt(ms).slope !== swayAt(ms + 1).slope) turns.push(ms);
  }
  const FRAMES_AVERAGED_MS = 32 * 40;
  assert.ok(turns.length > 10);
  assert.ok(turns.slice(1).every((ms, place) => ms - turns[place] > FRAMES_AVERAGED_MS));
});
