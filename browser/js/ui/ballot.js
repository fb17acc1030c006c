// What this viewer wants for one video, and what the server has said about it. Pure.

/** @import { Tally, Vote } from "../edges/votes.js" */

/** @typedef {Readonly<{ likes: number, dislikes: number }>} Counts */

export class Ballot {
  /** Confirmed by the server. @type {Vote} */
  #kept;
  /** Asked for by the viewer. @type {Vote} */
  #wanted;
  /** Counts that include `#kept`, while ours is unsettled: others' votes wait until it is. @type {Counts | null} */
  #base = null;
  /** The server's answer, until the stream says something newer. @type {Counts | null} */
  #answer = null;

  /** @param {Vote} [vote] as the server knows it */
  constructor(vote = null) {
    this.#kept = vote;
    this.#wanted = vote;
  }

  get wanted() {
    return this.#wanted;
  }

  get isSettled() {
    return this.#base === null;
  }

  /** @param {Counts} known what the stream said last @returns {Counts} */
  counts(known) {
    if (!this.#base) return this.#answer ?? known;
    const moved = (/** @type {Vote} */ vote) => Number(this.#wanted === vote) - Number(this.#kept === vote);
    return { likes: this.#base.likes + moved("like"), dislikes: this.#base.dislikes + moved("dislike") };
  }

  /** The same vote twice takes it back. @param {Vote} vote @param {Counts} known */
  press(vote, known) {
    this.#base ??= this.counts(known);
    this.#wanted = this.#wanted === vote ? null : vote;
  }

  /** The stream has spoken: it is newer than the last answer. */
  heard() {
    this.#answer = null;
  }

  /** The server has kept a vote; the viewer may want another by now. @param {Tally} tally @param {Vote} asked */
  confirm(tally, asked) {
    this.#kept = tally.vote;
    this.#answer = tally;
    if (this.#wanted === asked) this.#settle();
    else this.#base = tally;
  }

  /** The server said how this viewer voted before; clicks made meanwhile win. @param {Tally} tally */
  learn(tally) {
    if (!this.isSettled) return;
    this.#answer = tally;
    this.#kept = tally.vote;
    this.#settle();
  }

  /** The server refused, or did not answer. */
  restore() {
    this.#settle();
  }

  #settle() {
    this.#wanted = this.#kept;
    this.#base = null;
  }
}
