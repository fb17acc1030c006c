// The guide's pure parts: what is read out of the server's answer is what the server meant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../../browser/js/core/checks.js";
import { continued, isFound, parseGuide, roundAt, slotAt } from "../../../browser/js/core/guide.js";
import { blocksOf, comingRound, midnight, parted } from "../../../browser/js/core/guide_day.js";

const MINUTE = 60_000;

/**
 * An answer as the server writes it.
 * @param {number} fromMs @param {number} toMs @param {[from: number, to: number, every: number | null, airings: string][]} stretches
 */
const answer = (fromMs, toMs, stretches) => ({
  channel: { id: "main", number: 1, name: "OnAir" },
  server_time_ms: fromMs,
  revision: 3,
  from_ms: fromMs,
  to_ms: toMs,
  videos: Object.fromEntries([..."abcdefg"].map((id) => [id, { title: `Film ${id}`, poster: null }])),
  stretches: stretches.map(([from_ms, to_ms, every_ms, airings]) => {
    let started_at_ms = from_ms;
    return {
      from_ms,
      to_ms,
      every_ms,
      airings: airings.split(" ").map((word) => {
        const [id, ms] = word.split(":");
        const start_ms = started_at_ms;
        started_at_ms += Number(ms);
        return { id, started_at_ms: start_ms, ends_at_ms: started_at_ms };
      }),
    };
  }),
});

/** @param {ReadonlyArray<{ id: string, started_at_ms: number, ends_at_ms: number }>} slots */
const words = (slots) => slots.map(({ id, started_at_ms, ends_at_ms }) => `${id} ${started_at_ms}..${ends_at_ms}`);

test("an answer of another shape is refused, and the message names the field", () => {
  assert.throws(() => parseGuide(null), WireError);
  const good = answer(0, 100, [[0, 100, null, "a:100"]]);
  assert.equal(parseGuide(good).stretches.length, 1);
  for (const bad of [{ to_ms: "soon" }, { videos: {} }, { stretches: [{}] }, { videos: { a: { title: "a", poster: "javascript:x" } } }]) {
    assert.throws(() => parseGuide({ ...good, ...bad }), WireError, JSON.stringify(bad));
  }
});

test("a round begins with what is on, and each programme follows when its turn comes", () => {
  const guide = parseGuide(answer(0, 1_000, [[-0, 990, 60, "a:10 b:20 c:30"]]));
  const [stretch] = guide.stretches;
  assert.ok(stretch);
  assert.deepEqual(words(roundAt(stretch, 0)), ["a 0..10", "b 10..30", "c 30..60"]);
  assert.deepEqual(words(roundAt(stretch, 35)), ["c 30..60", "a 60..70", "b 70..90"]);
  assert.deepEqual(words(roundAt(stretch, 600)), ["a 600..610", "b 610..630", "c 630..660"]);
  assert.deepEqual(words(roundAt(stretch, 975)), ["b 970..990"], "something else begins at 990");
  for (let at = 0; at < 990; at += 1) {
    const [first] = roundAt(stretch, at);
    assert.ok(first && first.started_at_ms <= at && at < first.ends_at_ms, String(at));
    assert.deepEqual(slotAt(guide, at), first);
  }
  assert.equal(slotAt(guide, 995), null);
});

test("a day is told in the order it comes, with time off the air where there is some", () => {
  const guide = parseGuide(answer(0, 10_000 * MINUTE, [
    [0, 120 * MINUTE, null, `a:${60 * MINUTE} b:${60 * MINUTE}`],
    [200 * MINUTE, 300 * MINUTE, 2 * MINUTE, `c:${MINUTE} d:${MINUTE}`],
  ]));
  const seen = (/** @type {number} */ at_ms) => blocksOf(guide, { from_ms: 0, to_ms: 400 * MINUTE, at_ms });
  assert.deepEqual(seen(0).map(({ kind }) => kind), ["list", "off", "board", "off"]);
  assert.deepEqual(seen(250 * MINUTE).map(({ kind }) => kind), ["list", "board", "off"], "an hour off the air is over");
  assert.deepEqual(seen(350 * MINUTE).map(({ kind }) => kind), ["list", "off"]);
});

test("an edit of a few short programmes is no change to whoever reads the board", () => {
  const edit = 40 * MINUTE;
  const guide = parseGuide(answer(0, 1_000 * MINUTE, [
    [0, edit, 2 * MINUTE, `a:${MINUTE} b:${MINUTE}`],
    [edit, edit + MINUTE, null, `a:${MINUTE}`],
    [edit + MINUTE, 1_000 * MINUTE, 3 * MINUTE, `b:${MINUTE} c:${MINUTE} a:${MINUTE}`],
  ]));
  const at_ms = edit - MINUTE;
  const blocks = blocksOf(guide, { from_ms: 0, to_ms: 500 * MINUTE, at_ms });
  const [board] = blocks;
  assert.ok(blocks.length === 1 && board?.kind === "board");
  assert.deepEqual(
    words(comingRound(board.stretches, at_ms)),
    [`b ${at_ms}..${edit}`, `a ${edit}..${edit + MINUTE}`, `c ${edit + 2 * MINUTE}..${edit + 3 * MINUTE}`],
    "every programme once, when it is on next",
  );
  const before = blocksOf(guide, { from_ms: 0, to_ms: 500 * MINUTE, at_ms: 0 });
  assert.deepEqual(before.map(({ kind }) => kind), ["board", "list", "board"], "what goes on for long is told by itself");
});

test("an answer that did not reach far enough is continued", () => {
  const first = parseGuide(answer(0, 100, [[0, 100, null, "a:50 b:50"]]));
  const second = parseGuide(answer(100, 200, [[100, 200, null, "c:50 d:50"]]));
  const whole = continued(first, second);
  assert.deepEqual([whole.from_ms, whole.to_ms], [0, 200]);
  const [list, ...others] = blocksOf(whole, { from_ms: 0, to_ms: 200, at_ms: 0 });
  assert.ok(list?.kind === "list" && others.length === 0);
  assert.equal(list.slots.length, 4);
});

test("days begin at midnight here, and their parts follow one another", () => {
  const noon = new Date(2026, 2, 28, 12).getTime();
  for (let days = 0; days < 4; days += 1) {
    assert.equal(new Date(midnight(noon, days)).getHours(), 0);
    assert.equal(new Date(midnight(noon, days)).getDate(), new Date(2026, 2, 28 + days).getDate());
  }
  const slots = [1, 5, 7, 13, 19, 23].map((hour) => ({ id: "a", title: "a", poster: null, started_at_ms: midnight(noon) + hour * 60 * MINUTE, ends_at_ms: Infinity }));
  assert.deepEqual(parted(slots, 0).map(({ part, slots: { length } }) => `${part} ${length}`), ["night 2", "morning 1", "afternoon 1", "evening 2"]);
  const [first] = parted(slots, midnight(noon) + 6 * 60 * MINUTE);
  assert.equal(first?.part, "morning", "what began before is told at the beginning");
});

test("a search finds words by how they begin, whatever the case and the accents", () => {
  assert.ok(isFound("Über den Wolken", "uber wol"));
  assert.ok(isFound("The long way to Tromsø", "TROMSO"));
  assert.ok(isFound("Night tram", ""));
  assert.ok(isFound("Night-tram (2)", "TRAM"));
  assert.ok(!isFound("Night tram", "ram"));
});
