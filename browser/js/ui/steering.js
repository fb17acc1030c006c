// Watches the deck on the air: how far its picture is from the schedule, whether it moves at all; sets the rate
// and learns what starts really take.

import { STILL, swayAt } from "../core/sway.js";
import { SyncController } from "../core/sync_controller.js";
import { every, localNowMs } from "../edges/now.js";

/** @import { Reel } from "../core/reels.js" */
/** @import { Deck } from "../edges/deck.js" */
/** @import { Command } from "../core/sync_controller.js" */
/** @import { Now, Start } from "./launch.js" */
/** @import { StartTimes } from "./start_times.js" */

const SAMPLE_EVERY_MS = 25;
/** Right after a start the element's own clock still settles. */
const SETTLE_MS = 120;
/** A picture that stands still for this long has stalled. */
const STALL_AFTER_MS = 1_500;
/** Near the end the element may have stopped already. */
const END_MARGIN_MS = 60;

/** @typedef {{ deck: Deck, reel: Reel, start: Start, learnt: boolean }} Course */

export class Steering {
  #controller = new SyncController();
  #now;
  #starts;
  #onLost;
  /** @type {Course | null} */
  #course = null;
  #position = { ms: -1, since_ms: 0 };
  #audible = true;

  /**
   * @param {{ now: Now, starts: StartTimes, signal: AbortSignal, onLost: (why: "far" | "stalled") => void }} given
   */
  constructor({ now, starts, signal, onLost }) {
    this.#now = now;
    this.#starts = starts;
    this.#onLost = onLost;
    every(SAMPLE_EVERY_MS, () => this.#sample(), signal);
  }

  /** Whether the picture is where it should be. */
  get inSync() {
    return this.#controller.inSync;
  }

  /** The last error in milliseconds, positive when ahead; null when unknown. */
  get error_ms() {
    return this.#controller.error_ms;
  }

  /** @param {boolean} audible whether somebody could hear the rate */
  limitFor(audible) {
    this.#audible = audible;
    this.#controller.limitFor(audible);
  }

  /** Where the picture is to be beside the schedule. @param {number} serverMs */
  sway(serverMs) {
    return this.#audible ? STILL : swayAt(serverMs);
  }

  /** @param {Deck} deck @param {Reel} reel @param {Start} start how it was released */
  follow(deck, reel, start) {
    this.#course = { deck, reel, start, learnt: false };
    this.#position = { ms: -1, since_ms: localNowMs() };
    this.#controller.released(localNowMs());
  }

  /** The picture is being brought elsewhere. @param {{ lost: boolean }} how */
  leave({ lost }) {
    this.#course = null;
    if (lost) this.#controller.lost();
  }

  #sample() {
    const course = this.#course;
    if (!course) return;
    const localMs = localNowMs();
    if (document.hidden) {
      this.#position.since_ms = localMs; // a hidden page is throttled: nothing it sees counts
      return;
    }
    const { deck, reel, start } = course;
    const serverMs = this.#now();
    const { offset_ms: offsetMs, slope } = this.sway(serverMs);
    const dueMs = serverMs - reel.zero_ms + offsetMs;
    const positionMs = deck.position_ms;
    if (serverMs < start.start_ms + SETTLE_MS || dueMs > reel.length_ms - END_MARGIN_MS) {
      this.#position.since_ms = localMs;
      return;
    }
    if (positionMs !== this.#position.ms) this.#position = { ms: positionMs, since_ms: localMs };
    else if (localMs - this.#position.since_ms > STALL_AFTER_MS) return this.#lose("stalled");
    if (!deck.isRunning) return;
    const leaning = this.#controller.lean(slope);
    this.#measure(course, localMs, positionMs - dueMs, leaning);
  }

  /** @param {Course} course @param {number} localMs @param {number} errorMs @param {Command | null} leaning */
  #measure(course, localMs, errorMs, leaning) {
    const command = this.#controller.sample(localMs, errorMs) ?? leaning;
    const decidedMs = this.#controller.error_ms;
    if (!course.learnt && decidedMs !== null) {
      course.learnt = true;
      this.#starts.started(course.deck.soundPath, course.start.latency_ms - decidedMs);
    }
    if (command?.kind === "rate") course.deck.steer(command.rate);
    else if (command?.kind === "park") this.#lose("far");
  }

  /** @param {"far" | "stalled"} why */
  #lose(why) {
    this.leave({ lost: true });
    this.#onLost(why);
  }
}
