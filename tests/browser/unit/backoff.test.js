import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../../browser/js/core/backoff.js";

test("waits double up to the limit, jittered between half and all", () => {
  const backoff = new Backoff({ first_ms: 100, limit_ms: 1_000 });
  assert.deepEqual([0, 0, 0, 0, 0, 0].map((low) => backoff.next(low)), [50, 100, 200, 400, 500, 500]);
  backoff.reset();
  assert.equal(backoff.next(0.999999) < 100.0001 && backoff.next(0.999999) > 199, true);
});

test("a thousand viewers of a restarted server are spread", () => {
  const waits = Array.from({ length: 1_000 }, (_, n) => new Backoff({ first_ms: 300, limit_ms: 8_000 }).next(n / 1_000));
  assert.ok(new Set(waits.map(Math.round)).size > 100);
});

test("it never overflows, however long the server stays away", () => {
  const backoff = new Backoff({ first_ms: 300, limit_ms: 8_000 });
  for (let n = 0; n < 5_000; n += 1) assert.ok(backoff.next(0.5) <= 8_000);
});
