import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenTrack, cuesSaid, NO_WISH, trackAfter, wishAfter, wishFrom } from "../../../browser/js/core/captions.js";

const track = (/** @type {string} */ language, label = language) => ({ language, label });
const wants = (/** @type {string | null} */ language, /** @type {string | null} */ label = null) => ({ on: true, language, label });
const languageFor = (/** @type {ReturnType<typeof wants>} */ wish, /** @type {string[]} */ ...languages) =>
  languages[chosenTrack(wish, languages.map((language) => track(language)))] ?? "off";

test("the next programme uses the same language if it has it", () => {
  assert.equal(languageFor(wants("pt-BR"), "en", "pt", "pt-BR", "pt-PT"), "pt-BR");
  assert.equal(languageFor(wants("PT-br"), "en", "pt-BR"), "pt-BR");
});

test("else the same language of another region, the plain one first", () => {
  assert.equal(languageFor(wants("pt-BR"), "en", "pt-PT", "pt"), "pt");
  assert.equal(languageFor(wants("pt-BR"), "en", "pt-PT"), "pt-PT");
  assert.equal(languageFor(wants("en"), "de", "en-GB"), "en-GB");
});

test("else off: nobody is given a language they did not ask for, nor one that merely begins alike", () => {
  assert.equal(languageFor(wants("pt-BR"), "en", "de"), "off");
  assert.equal(languageFor(wants("e"), "en"), "off");
  assert.equal(languageFor(wants("en")), "off");
});

test("of two tracks in one language the one chosen before is taken again", () => {
  const tracks = [track("en", "English"), track("en", "English, for the hard of hearing")];
  assert.equal(chosenTrack(wants("en", "English, for the hard of hearing"), tracks), 1);
  assert.equal(chosenTrack(wants("en", "Commentary"), tracks), 0);
});

test("off is off, and whoever wanted captions before languages were told apart gets the first", () => {
  assert.equal(chosenTrack({ ...wants("en"), on: false }, [track("en")]), -1);
  assert.equal(chosenTrack(wishFrom(true), [track("de"), track("en")]), 0);
});

test("off keeps the language in mind for the next time", () => {
  const tracks = [track("de"), track("en", "English")];
  const chosen = wishAfter(NO_WISH, tracks, 1);
  assert.deepEqual(chosen, { on: true, language: "en", label: "English" });
  assert.deepEqual(wishAfter(chosen, tracks, -1), { on: false, language: "en", label: "English" });
});

test("whatever is kept in a browser reads as a wish", () => {
  for (const kept of [null, false, 7, "on", [], { on: "yes" }]) assert.equal(wishFrom(kept).on, false, JSON.stringify(kept));
  assert.deepEqual(wishFrom({ on: true, language: "de", label: 3, more: 1 }), { on: true, language: "de", label: null });
  assert.equal(wishFrom({ on: true, language: "x".repeat(10_000) }).language, null);
});

test("a key goes from track to track, then off, then around again", () => {
  assert.deepEqual([-1, 0, 1, 2].map((place) => trackAfter(place, 3)), [0, 1, 2, -1]);
  assert.equal(trackAfter(-1, 0), -1);
});

test("on the boundary of two cues only the second is said, and cues that overlap are both", () => {
  const cue = (/** @type {number} */ startTime, /** @type {number} */ endTime) => ({ startTime, endTime });
  assert.deepEqual(cuesSaid([cue(0, 2), cue(2, 4)]), [cue(2, 4)]);
  assert.deepEqual(cuesSaid([cue(0, 2), cue(1.999, 4)]), [cue(0, 2), cue(1.999, 4)]);
  assert.deepEqual(cuesSaid([cue(0, 2)]), [cue(0, 2)]);
});
