import assert from "node:assert/strict";
import { test } from "node:test";
import { shiftAt } from "../../../browser/js/ui/pixel_shift.js";

test("what stands still wanders within a few percent and is never long at one place", () => {
  const places = new Set();
  for (let step = 0; step < 31 * 23; step += 1) {
    const { x_vw, y_vh } = shiftAt(step);
    assert.ok(Math.abs(x_vw) <= 2 && Math.abs(y_vh) <= 2.5);
    places.add(`${x_vw.toFixed(2)} ${y_vh.toFixed(2)}`);
    const next = shiftAt(step + 1);
    assert.ok(Math.hypot(next.x_vw - x_vw, next.y_vh - y_vh) < 1, "a step is small");
  }
  assert.ok(places.size > 600, `${places.size} places`);
});
