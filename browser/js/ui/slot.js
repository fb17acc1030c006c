// A deck and what it is responsible for.

import { Backoff } from "../core/backoff.js";

/** @import { Reel } from "../core/reels.js" */
/** @import { Deck } from "../edges/deck.js" */

export class Slot {
  /** @type {Reel | null} */
  reel = null;
  work = new AbortController();
  /** Released and on its way by itself. */
  running = false;
  /** Running for so long that other work does not disturb it. */
  settled = false;
  /** Launches that failed since one succeeded. */
  failures = 0;
  backoff = new Backoff({ first_ms: 400, limit_ms: 8_000 });

  /** @param {Deck} deck */
  constructor(deck) {
    this.deck = deck;
  }

  /** @param {Reel | null} reel @returns {AbortSignal} ends when the slot gets another task */
  take(reel) {
    this.work.abort();
    this.work = new AbortController();
    this.reel = reel;
    this.running = false;
    this.settled = false;
    return this.work.signal;
  }

  clear() {
    this.take(null);
    this.deck.unload();
  }

  succeeded() {
    this.failures = 0;
    this.backoff.reset();
  }
}
