import assert from "node:assert/strict";
import { test } from "node:test";
import { Ballot } from "../../../browser/js/ui/ballot.js";

const KNOWN = Object.freeze({ likes: 10, dislikes: 2 });

test("a press shows at once and its confirmation changes nothing more", () => {
  const ballot = new Ballot();
  ballot.press("like", KNOWN);
  assert.deepEqual(ballot.counts(KNOWN), { likes: 11, dislikes: 2 });
  assert.equal(ballot.wanted, "like");
  ballot.confirm({ likes: 11, dislikes: 2, vote: "like" }, "like");
  assert.deepEqual({ ...ballot.counts(KNOWN) }, { likes: 11, dislikes: 2, vote: "like" });
  assert.ok(ballot.isSettled);
});

test("the same vote twice takes it back; the other one moves it", () => {
  const ballot = new Ballot("like");
  ballot.press("like", KNOWN);
  assert.equal(ballot.wanted, null);
  assert.deepEqual(ballot.counts(KNOWN), { likes: 9, dislikes: 2 });
  ballot.press("dislike", KNOWN);
  assert.deepEqual(ballot.counts(KNOWN), { likes: 9, dislikes: 3 });
});

test("the broadcast of our own vote before its answer is not counted twice", () => {
  const ballot = new Ballot();
  ballot.press("like", KNOWN);
  ballot.heard();
  assert.deepEqual(ballot.counts({ likes: 11, dislikes: 2 }), { likes: 11, dislikes: 2 });
});

test("an old broadcast after the answer does not take the vote away", () => {
  const ballot = new Ballot();
  ballot.press("like", KNOWN);
  ballot.confirm({ likes: 11, dislikes: 2, vote: "like" }, "like");
  assert.equal(ballot.counts(KNOWN).likes, 11, "what the stream said before the answer is older than it");
  ballot.heard();
  assert.equal(ballot.counts({ likes: 15, dislikes: 2 }).likes, 15, "what it says afterwards is newer");
});

test("a refusal restores what the server has", () => {
  const ballot = new Ballot("dislike");
  ballot.press("like", KNOWN);
  ballot.restore();
  assert.equal(ballot.wanted, "dislike");
  assert.deepEqual(ballot.counts(KNOWN), KNOWN);
});

test("a press while another is on its way stays wanted after the first answer", () => {
  const ballot = new Ballot();
  ballot.press("like", KNOWN);
  ballot.press("dislike", KNOWN);
  ballot.confirm({ likes: 11, dislikes: 2, vote: "like" }, "like");
  assert.equal(ballot.wanted, "dislike");
  assert.ok(!ballot.isSettled);
  assert.deepEqual(ballot.counts(KNOWN), { likes: 10, dislikes: 3 });
  ballot.confirm({ likes: 10, dislikes: 3, vote: "dislike" }, "dislike");
  assert.ok(ballot.isSettled);
});

test("a vote learnt late does not overrule a press", () => {
  const ballot = new Ballot();
  ballot.press("like", KNOWN);
  ballot.learn({ ...KNOWN, vote: "dislike" });
  assert.equal(ballot.wanted, "like");
  const untouched = new Ballot();
  untouched.learn({ ...KNOWN, vote: "dislike" });
  assert.equal(untouched.wanted, "dislike");
});
