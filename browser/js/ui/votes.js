// Like and dislike: shown at once, confirmed by the server, taken back with a sentence when it refuses.

import { after } from "../edges/now.js";
import { keep, recall } from "../edges/storage.js";
import { castVote, fetchVote } from "../edges/votes.js";
import { Ballot } from "./ballot.js";
import { find, setAttribute, setPressed, setText } from "./dom.js";
import { countText } from "./format.js";
import { scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */
/** @import { Vote } from "../edges/votes.js" */

const PROBLEM_SHOWN_MS = 8_000;
const BALLOTS_MAX = 200;
/** Viewers ask for their old votes spread over this time, not all at the moment of a change. */
const ASK_SPREAD_MS = 1_500;

/**
 * @param {HTMLElement} root
 * @param {Pick<PageParts, "channel" | "signal">} parts
 */
export function mountVotes(root, { channel, signal: parent }) {
  const { signal, close } = scope(parent);
  const group = find(root, "[data-votes]");
  const problem = find(root, "[data-votes-problem]");
  const buttons = [...group.querySelectorAll("button")];
  /** @type {Map<string, Ballot>} */
  const ballots = new Map();
  /** @type {unknown} */
  let heard = null;
  let hideProblem = () => {};

  const currentId = () => channel.state.onAir?.current.id ?? null;

  /** @param {string} id */
  const known = (id) => channel.state.votes[id] ?? channel.state.onAir?.current ?? { likes: 0, dislikes: 0 };

  /** @param {string} id */
  function ballotOf(id) {
    const met = ballots.get(id);
    if (met) return met;
    const isOnPage = group.dataset.voteOf === id; // then the template has written this viewer's vote
    const ballot = new Ballot(isOnPage ? voteOf(group.dataset.own) : null);
    const [oldest] = ballots.keys();
    if (ballots.size >= BALLOTS_MAX && oldest !== undefined) ballots.delete(oldest);
    ballots.set(id, ballot);
    if (!isOnPage && recall("voted") === true) after(Math.random() * ASK_SPREAD_MS, () => void learn(id, ballot), signal);
    return ballot;
  }

  channel.subscribe(({ onAir, known: isKnown, votes }) => {
    if (!isKnown) return;
    group.hidden = !onAir;
    const news = onAir ? votes[onAir.current.id] : null;
    if (onAir && news !== heard) ballotOf(onAir.current.id).heard();
    heard = news;
    render();
  }, signal);

  function render() {
    const id = currentId();
    if (id === null) return;
    const ballot = ballotOf(id);
    const counts = ballot.counts(known(id));
    for (const button of buttons) {
      const vote = voteOf(button.dataset.vote);
      setPressed(button, ballot.wanted === vote);
      setAttribute(button, "aria-busy", ballot.isSettled ? null : "true");
      setText(find(button, "[data-count]"), countText(vote === "like" ? counts.likes : counts.dislikes));
    }
  }

  /** @param {Vote} pressed */
  function press(pressed) {
    const id = currentId();
    if (id === null) return;
    const ballot = ballotOf(id);
    const isIdle = ballot.isSettled;
    ballot.press(pressed, known(id));
    say("");
    render();
    if (isIdle) void send(id, ballot);
  }

  /** One request at a time; what was clicked meanwhile goes with the next. @param {string} id @param {Ballot} ballot */
  async function send(id, ballot) {
    try {
      while (!ballot.isSettled) {
        const asked = ballot.wanted;
        ballot.confirm(await castVote(id, asked, signal), asked);
        keep("voted", true);
      }
    } catch (error) {
      if (signal.aborted) return;
      ballot.restore();
      say(error instanceof Error ? error.message : String(error));
    }
    render();
  }

  /** @param {string} id @param {Ballot} ballot */
  async function learn(id, ballot) {
    const tally = await fetchVote(id, signal).catch(() => null); // without it the buttons are merely unpressed
    if (!tally) return;
    ballot.learn(tally);
    render();
  }

  /** @param {string} sentence */
  function say(sentence) {
    hideProblem();
    setText(problem, sentence);
    if (sentence) hideProblem = after(PROBLEM_SHOWN_MS, () => setText(problem, ""), signal);
  }

  for (const button of buttons) {
    button.addEventListener("click", () => press(voteOf(button.dataset.vote)), { signal });
  }
  return { close };
}

/** @param {string | undefined} text @returns {Vote} */
const voteOf = (text) => (text === "like" || text === "dislike" ? text : null);
