import assert from "node:assert/strict";
import { test } from "node:test";
import { carries, fileReel, streamReel } from "../../../browser/js/core/reels.js";
import { momentAt } from "../../../browser/js/core/schedule.js";
import { parseOnAir, parseRotation } from "../../../browser/js/core/wire.js";
import { airing, durationOf, onAirPayload, videosPayload } from "./payloads.js";

const START_MS = 1_700_000_000_000;
const told = parseOnAir(onAirPayload(0, START_MS, { current: airing(0, START_MS, { linear: true }) }));
const current = /** @type {import("../../../browser/js/core/wire.js").Airing} */ (told.current);
const next = /** @type {import("../../../browser/js/core/wire.js").Airing} */ (told.next);

test("a file carries its programme at its time and no other", () => {
  const reel = fileReel(current);
  assert.equal(reel.zero_ms, START_MS);
  assert.equal(reel.length_ms, durationOf(0));
  assert.ok(carries(reel, current));
  assert.ok(!carries(reel, next));
  assert.ok(!carries(reel, { ...current, started_at_ms: START_MS + 60_000 }), "the same video at another time");
});

test("the stream carries whatever the server says is part of it; its positions are server time", () => {
  const reel = streamReel("a/b");
  assert.equal(reel.url, "/channels/a%2Fb/master.m3u8?ahead");
  assert.equal(reel.zero_ms, 0);
  assert.ok(carries(reel, current));
  assert.ok(!carries(reel, next), "it was not said of this one");
  assert.ok(!carries(reel, null));
  assert.ok(!carries(null, current));
});

test("while the server is away, what follows is taken to be where its predecessor was", () => {
  const rotation = parseRotation(videosPayload());
  for (const linear of [true, false]) {
    const onAir = parseOnAir(onAirPayload(0, START_MS, { next: airing(1, START_MS + durationOf(0), { linear }) }));
    const moment = momentAt({ onAir, rotation }, START_MS + durationOf(0) + durationOf(1) + 5);
    assert.equal(moment?.basis, "continued");
    assert.equal(moment?.current.linear, linear);
    assert.equal(moment?.next?.linear, linear);
  }
});
