import assert from "node:assert/strict";
import { test } from "node:test";
import { momentAt, rotationIsCurrent, sameAiring } from "../../../browser/js/core/schedule.js";
import { parseOnAir, parseRotation } from "../../../browser/js/core/wire.js";
import { airing, durationOf, onAirPayload, randomFrom, videosPayload } from "./payloads.js";

const START_MS = 1_700_000_000_000;
const rotation = parseRotation(videosPayload());
const known = { onAir: parseOnAir(onAirPayload(0, START_MS)), rotation };
const unrotated = { ...known, rotation: [] };

test("position is server time less the start, whatever was said when", () => {
  const moment = momentAt(known, START_MS + 3_210.5);
  assert.equal(moment?.current.id, "video-0");
  assert.equal(moment?.position_ms, 3_210.5);
  assert.equal(moment?.until_ms, START_MS + 10_000);
  assert.equal(moment?.next?.id, "video-1");
  assert.equal(moment?.basis, "announced");
});

test("the announced next plays without further news", () => {
  const moment = momentAt(unrotated, START_MS + 10_000);
  assert.equal(moment?.current.id, "video-1");
  assert.equal(moment?.position_ms, 0);
  assert.equal(moment?.basis, "announced");
});

test("past what was announced the rotation goes on, also after days", () => {
  const roundMs = durationOf(0) + durationOf(1) + durationOf(2);
  for (const rounds of [0, 1, 10_000]) {
    const moment = momentAt(known, START_MS + rounds * roundMs + durationOf(0) + durationOf(1) + 7);
    assert.equal(moment?.current.id, "video-2");
    assert.equal(Math.round(moment?.position_ms ?? NaN), 7);
    assert.equal(moment?.basis, "continued");
    assert.equal(moment?.next?.id, "video-0");
  }
});

test("without a rotation the last known programme is held on its end", () => {
  const moment = momentAt(unrotated, START_MS + 3_600_000);
  assert.equal(moment?.current.id, "video-1");
  assert.equal(moment?.position_ms, durationOf(1));
  assert.equal(moment?.until_ms, Infinity);
  assert.equal(moment?.basis, "held");
});

test("a programme cut short by the next ends where the next begins", () => {
  const onAir = parseOnAir(onAirPayload(0, START_MS, { next: airing(2, START_MS + 4_000) }));
  assert.equal(momentAt({ onAir, rotation }, START_MS + 3_999)?.until_ms, START_MS + 4_000);
  assert.equal(momentAt({ onAir, rotation }, START_MS + 4_000)?.current.id, "video-2");
});

test("a clock that is a little behind the start shows the first frame", () => {
  assert.equal(momentAt(known, START_MS - 30)?.position_ms, 0);
});

test("off air and nothing known are no moment", () => {
  assert.equal(momentAt({ onAir: null, rotation }, START_MS), null);
  const offAir = parseOnAir(onAirPayload(0, START_MS, { current: null, next: null }));
  assert.equal(momentAt({ onAir: offAir, rotation }, START_MS), null);
});

test("over a simulated week there is no gap and no overlap", () => {
  const random = randomFrom(11);
  let atMs = START_MS;
  for (let step = 0; step < 20_000; step += 1) {
    const moment = momentAt(known, atMs);
    assert.ok(moment && moment.position_ms >= 0 && moment.position_ms <= moment.current.duration_ms);
    assert.ok(moment.until_ms > atMs);
    const last = momentAt(known, moment.until_ms - 0.5);
    assert.ok(sameAiring(last?.current, moment.current));
    const after = momentAt(known, moment.until_ms);
    assert.ok(sameAiring(after?.current, moment.next), "what was next is on at the change");
    atMs += random() * 60_000;
  }
});

test("a rotation that disagrees with the announcement is noticed", () => {
  assert.ok(rotationIsCurrent(known));
  assert.ok(!rotationIsCurrent(unrotated));
  const edited = parseOnAir(onAirPayload(0, START_MS, { next: airing(2, START_MS + 10_000) }));
  assert.ok(!rotationIsCurrent({ onAir: edited, rotation }));
});
