import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePreviews, placement, spread } from "../../../browser/js/core/previews.js";

const FILE = `WEBVTT

00:00.000 --> 00:10.000
sprite.jpg#xywh=0,0,160,90

2
01:00:10.500 --> 01:00:20.000
sprite.jpg#xywh=160,90,160,90
`;

test("cues point to parts of one sheet", () => {
  assert.deepEqual(parsePreviews(FILE), {
    file: "sprite.jpg",
    width: 320,
    height: 180,
    tiles: [
      { start_ms: 0, x: 0, y: 0, width: 160, height: 90 },
      { start_ms: 3_610_500, x: 160, y: 90, width: 160, height: 90 },
    ],
  });
  assert.equal(parsePreviews(FILE.replaceAll("\n", "\r\n"))?.tiles.length, 2);
});

test("only a plain name beside the file is taken, and only what is a part of a picture", () => {
  for (const target of [
    "https://elsewhere/sprite.jpg#xywh=0,0,1,1",
    "../sprite.jpg#xywh=0,0,1,1",
    'x");}sprite.jpg#xywh=0,0,1,1',
    "sprite.svg#xywh=0,0,1,1",
    "sprite.jpg",
    "sprite.jpg#xywh=0,0,0,90",
    "sprite.jpg#xywh=0,0,999999,90",
  ]) {
    assert.equal(parsePreviews(`WEBVTT\n\n00:00.000 --> 00:01.000\n${target}\n`), null, target);
  }
  assert.equal(parsePreviews("sprite.jpg#xywh=0,0,1,1"), null);
  assert.equal(parsePreviews(""), null);
});

test("a part fills whatever box it is shown in", () => {
  const sheet = parsePreviews(FILE);
  const [first, last] = sheet?.tiles ?? [];
  assert.ok(sheet && first && last);
  assert.deepEqual(placement(first, sheet), { size: "200% 200%", position: "0% 0%" });
  assert.deepEqual(placement(last, sheet), { size: "200% 200%", position: "100% 100%" });
  assert.deepEqual(placement(first, { ...sheet, width: 160, height: 90 }), { size: "100% 100%", position: "0% 0%" });
});

test("a long film is run through in few pictures, spread evenly", () => {
  const tiles = Array.from({ length: 720 }, (_, place) => ({ start_ms: place * 10_000, x: 0, y: 0, width: 1, height: 1 }));
  const few = spread(tiles, 24);
  assert.equal(few.length, 24);
  assert.deepEqual([few[0]?.start_ms, few[1]?.start_ms, few[23]?.start_ms], [0, 300_000, 6_900_000]);
  assert.equal(spread(tiles.slice(0, 3), 24).length, 3);
});
