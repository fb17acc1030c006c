// Which instant of the channel a person is shown: that of everyone, or one of a little while ago. Knows what was on then.

import { behindBy, LIVE, moved, shownAt, stopped } from "../core/time_shift.js";
import { sameAiring } from "../core/schedule.js";

/** @import { Airing } from "../core/wire.js" */
/** @import { Channel } from "../edges/channel.js" */

const PAST_MAX = 100;

export class TimeShift {
  #channel;
  #shift = LIVE;
  /** @type {Airing[]} */
  #past = [];

  /** @param {Channel} channel */
  constructor(channel) {
    this.#channel = channel;
  }

  /** The instant whose picture is due here, in server time. */
  now = () => shownAt(this.#shift, this.#channel.now());

  get isLive() {
    return this.#shift === LIVE;
  }

  get isStopped() {
    return this.#shift.stopped_at_ms !== null;
  }

  get behind_ms() {
    return behindBy(this.#shift, this.#channel.now());
  }

  stop() {
    this.#shift = stopped(this.#shift, this.#channel.now());
  }

  /** @param {number} stepMs @param {number} earliestMs */
  move(stepMs, earliestMs) {
    this.#shift = moved(this.#shift, stepMs, this.#channel.now(), earliestMs);
  }

  goLive() {
    this.#shift = LIVE;
  }

  /** @param {Airing} airing that is on */
  remember(airing) {
    if (!sameAiring(this.#past.at(-1), airing)) this.#past = [...this.#past, airing].slice(-PAST_MAX);
  }

  /** What is shown here, and what was on after it; null where nobody here knows. @returns {{ shown: Airing | null, following: Airing | null }} */
  programmes() {
    const atMs = this.now();
    const place = this.#past.findLastIndex(({ started_at_ms, duration_ms }) => started_at_ms <= atMs && atMs < started_at_ms + duration_ms);
    return { shown: this.#past[place] ?? null, following: place < 0 ? null : (this.#past[place + 1] ?? null) };
  }
}
