import assert from "node:assert/strict";
import { test } from "node:test";
import { parseClock, parseOnAir, parseRotation, parseViewers, parseVotes, WireError } from "../../../browser/js/core/wire.js";
import { airing, onAirPayload, videosPayload } from "./payloads.js";

test("a good payload comes through, frozen and with nothing the server did not agree to send", () => {
  const onAir = parseOnAir({ ...onAirPayload(0, 1_000), surplus: "field" });
  assert.equal(onAir.current?.title, "Video 0");
  assert.equal("surplus" in onAir, false);
  assert.equal("offset_ms" in (onAir.current ?? {}), false);
  assert.ok(Object.isFrozen(onAir) && Object.isFrozen(onAir.current));
});

test("off air is a payload like any other", () => {
  const onAir = parseOnAir({ ...onAirPayload(0, 1_000), current: null, next: null, total: 0 });
  assert.equal(onAir.current, null);
});

for (const [name, damage] of /** @type {Array<[string, Record<string, unknown>]>} */ ([
  ["a duration of zero", { current: airing(0, 1_000, { duration_ms: 0 }) }],
  ["a duration that is text", { current: airing(0, 1_000, { duration_ms: "10" }) }],
  ["a start that is not a number", { current: airing(0, NaN) }],
  ["an address that is a script", { current: airing(0, 1_000, { url: "javascript:alert(1)" }) }],
  ["an address on another host in disguise", { current: airing(0, 1_000, { url: "//elsewhere/x" }) }],
  ["a title without end", { current: airing(0, 1_000, { title: "x".repeat(5_000) }) }],
  ["a next that starts before current", { next: airing(1, 500) }],
  ["no epoch", { epoch: undefined }],
  ["a list as current", { current: [] }],
])) {
  test(`${name} is refused`, () => {
    assert.throws(() => parseOnAir({ ...onAirPayload(0, 1_000), ...damage }), WireError);
  });
}

test("votes, viewers, the clock and the rotation are checked alike", () => {
  assert.deepEqual(parseVotes({ id: "a", likes: 1, dislikes: 2 }), { id: "a", likes: 1, dislikes: 2 });
  assert.throws(() => parseVotes({ id: "a", likes: -1, dislikes: 2 }), WireError);
  assert.equal(parseViewers({ viewers: 7 }), 7);
  assert.throws(() => parseViewers(null), WireError);
  assert.deepEqual(parseClock({ received_ms: 5.25, sent_ms: 5.5 }), { received_ms: 5.25, sent_ms: 5.5 });
  assert.throws(() => parseClock({ received_ms: 6, sent_ms: 5 }), WireError);
  assert.equal(parseRotation(videosPayload()).length, 3);
  assert.throws(() => parseRotation({ videos: "all" }), WireError);
});
