import assert from "node:assert/strict";
import { test } from "node:test";
import { SseParser } from "../../../browser/js/core/sse.js";
import { randomFrom } from "./payloads.js";

const STREAM = ': hello\n\nid: e-1\nevent: on-air\ndata: {"a":1}\n\ndata: one\ndata: two\n\nid: e-2\nevent: votes\ndata: {}\r\n\r\nevent: nothing\n\n';
const EVENTS = [
  { type: "on-air", data: '{"a":1}' },
  { type: "message", data: "one\ntwo" },
  { type: "votes", data: "{}" },
];

test("events, ids, comments and both kinds of line ends", () => {
  const parser = new SseParser();
  assert.deepEqual(parser.push(STREAM), EVENTS);
  assert.equal(parser.lastEventId, "e-2");
});

test("however the network cuts the stream, the events are the same", () => {
  const random = randomFrom(7);
  for (let round = 0; round < 300; round += 1) {
    const parser = new SseParser();
    const events = [];
    for (let at = 0; at < STREAM.length;) {
      const size = 1 + Math.floor(random() * 9);
      events.push(...parser.push(STREAM.slice(at, at + size)));
      at += size;
    }
    assert.deepEqual(events, EVENTS);
  }
});

test("half an event at the end of a connection is not an event", () => {
  assert.deepEqual(new SseParser().push("event: on-air\ndata: {"), []);
});

test("a line or an event without end is refused, not kept", () => {
  assert.throws(() => new SseParser().push(`data: ${"x".repeat(2 << 20)}`), RangeError);
  const parser = new SseParser();
  assert.throws(() => {
    for (let n = 0; n < 100; n += 1) parser.push(`data: ${"x".repeat(100_000)}\n`);
  }, RangeError);
});
