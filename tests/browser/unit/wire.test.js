import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../../browser/js/core/checks.js";
import { captionsFrom, parseClock, parseOnAir, parseRotation, parseViewers, parseVotes } from "../../../browser/js/core/wire.js";
import { airing, onAirPayload, videosPayload } from "./payloads.js";

test("a good payload comes through, frozen and with nothing the server did not agree to send", () => {
  const onAir = parseOnAir({ ...onAirPayload(0, 1_000), surplus: "field" });
  assert.equal(onAir.current?.title, "Video 0");
  assert.equal("surplus" in onAir, false);
  assert.equal("offset_ms" in (onAir.current ?? {}), false);
  assert.ok(Object.isFrozen(onAir) && Object.isFrozen(onAir.current));
});

test("stills and subtitles come along; a track that is none is left out and takes nothing with it", () => {
  const good = { language: "pt-BR", label: "Português", url: "/media/a/v2/subtitles-1.vtt" };
  const bad = [{ ...good, url: "//elsewhere/x.vtt" }, { ...good, url: "https://elsewhere/x.vtt" }, { ...good, language: "?" }, null, "en", {}];
  const onAir = parseOnAir(onAirPayload(0, 1_000, { current: airing(0, 1_000, { poster: "/media/a/v2/poster.jpg", captions: [...bad, good] }) }));
  assert.deepEqual(onAir.current?.captions, [good]);
  assert.equal(onAir.current?.poster, "/media/a/v2/poster.jpg");
  assert.deepEqual(onAir.next?.captions, [], "absent when there are none");
  const many = Array.from({ length: 1_000 }, () => good);
  assert.ok((parseOnAir(onAirPayload(0, 1_000, { current: airing(0, 1_000, { captions: many }) })).current?.captions.length ?? 0) <= 64);
  assert.equal(captionsFrom([{ ...good, label: "" }])[0]?.label, "pt-BR");
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
  ["a still that is a script", { current: airing(0, 1_000, { poster: "javascript:alert(1)" }) }],
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
