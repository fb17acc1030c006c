import assert from "node:assert/strict";
import { test } from "node:test";
import { INITIAL_STATE, reduce } from "../../../browser/js/core/state.js";
import { parseOnAir, parseRotation } from "../../../browser/js/core/wire.js";
import { durationOf, onAirPayload, videosPayload } from "./payloads.js";

const START_MS = 1_700_000_000_000;
const said = (/** @type {Record<string, unknown>} */ more = {}) => parseOnAir(onAirPayload(0, START_MS, more));
const heard = reduce(INITIAL_STATE, { type: "on-air", onAir: said(), server_ms: START_MS + 500 });

test("news makes a frozen view of what is on", () => {
  assert.equal(heard.onAir?.current.id, "video-0");
  assert.equal(heard.onAir?.next?.id, "video-1");
  assert.equal(heard.onAir?.viewers, 2);
  assert.equal(heard.known, true);
  assert.ok(Object.isFrozen(heard) && Object.isFrozen(heard.onAir) && Object.isFrozen(heard.votes));
});

test("a tick before the change is no change; at the change the next is on without news", () => {
  assert.equal(reduce(heard, { type: "tick", server_ms: START_MS + 9_999 }), heard);
  const changed = reduce(heard, { type: "tick", server_ms: START_MS + 10_000 });
  assert.equal(changed.onAir?.current.id, "video-1");
  assert.equal(changed.onAir?.viewers, 2);
});

test("with the rotation known a viewer without a server goes on", () => {
  const known = reduce(heard, { type: "rotation", rotation: parseRotation(videosPayload()), server_ms: START_MS + 600 });
  const later = reduce(known, { type: "tick", server_ms: START_MS + durationOf(0) + durationOf(1) + 5 });
  assert.equal(later.onAir?.current.id, "video-2");
  assert.equal(later.onAir?.basis, "continued");
});

test("old news of the same server is dropped, a restarted server is believed", () => {
  const newer = reduce(heard, { type: "on-air", onAir: said({ seq: 5, viewers: 9 }), server_ms: START_MS + 700 });
  assert.equal(reduce(newer, { type: "on-air", onAir: said({ seq: 4 }), server_ms: START_MS + 800 }), newer);
  const restarted = reduce(newer, { type: "on-air", onAir: said({ epoch: "e2", seq: 1, viewers: 1 }), server_ms: START_MS + 900 });
  assert.equal(restarted.onAir?.viewers, 1);
});

test("off air is known, not merely unknown", () => {
  const offAir = reduce(heard, { type: "on-air", onAir: said({ seq: 2, current: null, next: null }), server_ms: START_MS + 900 });
  assert.equal(offAir.onAir, null);
  assert.equal(offAir.known, true);
});

const captions = [{ language: "en", label: "English", url: "/media/video-0/v2/subtitles-1.vtt" }];
const airs = (/** @type {Record<string, unknown>} */ more) => said({ current: { ...onAirPayload(0, START_MS).current, ...more } });

test("a still that turns up while a programme is on shows, and its subtitles stay until it ends", () => {
  const begun = reduce(INITIAL_STATE, { type: "on-air", onAir: airs({ captions }), server_ms: START_MS + 500 });
  const better = airs({ poster: "/media/video-0/v3/poster.jpg" });
  const now = reduce(begun, { type: "on-air", onAir: better, server_ms: START_MS + 600 });
  assert.equal(now.onAir?.current.poster, "/media/video-0/v3/poster.jpg");
  assert.deepEqual(now.onAir?.current.captions, captions);
});

test("another version of the same video does not inherit subtitles", () => {
  const begun = reduce(INITIAL_STATE, { type: "on-air", onAir: airs({ captions }), server_ms: START_MS + 500 });
  const other = airs({ url: "/media/video-0/v3/programme.mp4", poster: "/p.jpg" });
  assert.deepEqual(reduce(begun, { type: "on-air", onAir: other, server_ms: START_MS + 600 }).onAir?.current.captions, []);
});

test("votes for what is on or next are taken, others are not kept", () => {
  const voted = reduce(heard, { type: "votes", votes: { id: "video-1", likes: 8, dislikes: 1 } });
  assert.equal(voted.votes["video-1"]?.likes, 8);
  assert.equal(reduce(heard, { type: "votes", votes: { id: "video-77", likes: 8, dislikes: 1 } }), heard);
});

test("viewers and the connection change nothing else", () => {
  const watched = reduce(heard, { type: "viewers", viewers: 3 });
  assert.equal(watched.onAir?.viewers, 3);
  assert.equal(reduce(watched, { type: "viewers", viewers: 3 }), watched);
  const lost = reduce(watched, { type: "connection", connection: "lost" });
  assert.equal(lost.onAir, watched.onAir);
});
