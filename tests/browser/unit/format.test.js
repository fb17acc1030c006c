import assert from "node:assert/strict";
import { test } from "node:test";
import { countText, lengthText, limitText, remainingText, roughText, sizeText, whenText } from "../../../browser/js/ui/format.js";

test("a length reads as minutes and seconds, with hours when there are any", () => {
  assert.equal(lengthText(0), "0:00");
  assert.equal(lengthText(59_999), "0:59");
  assert.equal(lengthText(60_000), "1:00");
  assert.equal(lengthText(3_599_999), "59:59");
  assert.equal(lengthText(3_726_000), "1:02:06");
  assert.equal(lengthText(-5), "0:00");
});

test("elapsed and remaining add up to the length at every whole second", () => {
  const lengthMs = 40_000;
  for (let position = 0; position <= lengthMs; position += 137) {
    const seconds = (/** @type {string} */ text) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    assert.equal(seconds(lengthText(position)) + seconds(remainingText(lengthMs - position)), 40, `${position}`);
  }
});

test("sizes keep two or three digits and never read 1000 of a unit", () => {
  assert.equal(sizeText(0), "0 B");
  assert.equal(sizeText(999), "999 B");
  assert.equal(sizeText(999_600), "1.0 MB");
  assert.equal(sizeText(1_000), "1 kB");
  assert.equal(sizeText(1_449_000_000), "1.4 GB");
  assert.equal(sizeText(9_960_000), "10 MB");
  assert.equal(sizeText(734_003_200), "734 MB");
});

test("a limit is never rounded up, and is said as the server says it", () => {
  assert.equal(limitText(20 * 2 ** 30), "21.4 GB");
  assert.equal(limitText(40_000_000), "40 MB");
  assert.equal(limitText(1_999_999_999), "1.9 GB");
  assert.equal(limitText(999), "999 B");
});

test("a rough length is said in the unit a person would use", () => {
  assert.equal(roughText(0), "1 s");
  assert.equal(roughText(89_000), "89 s");
  assert.equal(roughText(90_000), "2 min");
  assert.equal(roughText(3_600_000), "1 h");
  assert.equal(roughText(4_800_000), "1 h 20 min");
});

test("counts are plain digits, as the server writes them, until they get long", () => {
  assert.equal(countText(9_999), "9999");
  assert.equal(countText(12_345), "12.3K");
});

test("a time of day far away carries its weekday", () => {
  const noon = Date.UTC(2026, 0, 5, 12);
  assert.doesNotMatch(whenText(noon + 3_600_000, noon), /Mon|Tue/);
  assert.match(whenText(noon + 30 * 3_600_000, noon), /Tue/);
});
