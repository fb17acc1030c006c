// Keeps a playing element on the schedule. Takes errors (how far the picture is ahead of server time),
// gives rates. Small errors are steered away within a rate nobody hears or sees; large ones are parked:
// pause, seek ahead, wait for the frame, release when its time comes.

/**
 * What to do with the element now; `rate` is the playback rate to set.
 * @typedef {Readonly<{ kind: "rate", rate: number } | { kind: "park" }>} Command
 */

/** A change of pitch of 0.5 % is at the edge of audibility. */
export const AUDIBLE_RATE_LIMIT = 0.005;
/** Without sound a second of hurry is better than a picture that stands still. */
export const SILENT_RATE_LIMIT = 0.25;
/**
 * Browsers lay a steady video out on the ticks of the display in a fixed pattern (25 frames a second on 60 Hz: 2, 3, 2,
 * 3, 2 ticks) that begins anew, on whatever frame is there, when the rate leaves 1 by over a quarter of a percent
 * (Chromium's VideoCadenceEstimator). Screens that started together share it, so it is worth keeping.
 */
const GENTLE_RATE_LIMIT = 0.002;
/** Where gentleness would leave the picture on the wrong ticks, hurry, and then all the way. */
const HURRY_FROM_MS = 8;
const HURRY_UNTIL_MS = 1;
/** Errors from here on would take too long to steer away at those rates. */
const AUDIBLE_PARK_FROM_MS = 60;
const SILENT_PARK_FROM_MS = 400;

const DECIDE_EVERY_MS = 200;
const SAMPLES_MIN = 4;
const SAMPLES_MAX = 40;
/** An error is steered away with this time constant. */
const SETTLE_MS = 500;
/** Below this the rate goes back to exactly 1; above STEER_FROM_MS steering starts again. */
const STEER_UNTIL_MS = 0.15;
const STEER_FROM_MS = 0.4;
const PARK_WAIT_FIRST_MS = 2_000;
const PARK_WAIT_LIMIT_MS = 60_000;
const IN_SYNC_WITHIN_MS = 20;
const OUT_OF_SYNC_FROM_MS = 40;

export class SyncController {
  /** @type {number[]} */
  #errors = [];
  #decidedAt = -Infinity;
  /** What is added to the rate to follow the course, and what to come back to it. */
  #slope = 0;
  #correction = 0;
  #rateLimit = AUDIBLE_RATE_LIMIT;
  #parkFromMs = AUDIBLE_PARK_FROM_MS;
  #parkWaitMs = PARK_WAIT_FIRST_MS;
  #parkedAt = -Infinity;
  #inSync = false;
  #hurrying = false;
  /** @type {number | null} */
  #errorMs = null;

  /** The last median error in milliseconds, positive when ahead; null before the first decision. */
  get error_ms() {
    return this.#errorMs;
  }

  /** Whether the picture is where it should be, with hysteresis. */
  get inSync() {
    return this.#inSync;
  }

  /** @param {boolean} audible whether somebody could hear the rate */
  limitFor(audible) {
    this.#rateLimit = audible ? AUDIBLE_RATE_LIMIT : SILENT_RATE_LIMIT;
    this.#parkFromMs = audible ? AUDIBLE_PARK_FROM_MS : SILENT_PARK_FROM_MS;
  }

  /**
   * Starts afresh at the release of an element; `localMs` is now.
   * @param {number} localMs
   */
  released(localMs) {
    this.#errors = [];
    this.#slope = 0;
    this.#correction = 0;
    this.#hurrying = false;
    this.#decidedAt = localMs;
    this.#errorMs = null;
  }

  /** The picture is known not to be there: stalled, parked, reloading. */
  lost() {
    this.#inSync = false;
    this.#errorMs = null;
  }

  /**
   * The course itself gains `slope` on the clock from now on; returns a command when that is new.
   * @param {number} slope in seconds a second
   * @returns {Command | null}
   */
  lean(slope) {
    if (slope === this.#slope) return null;
    this.#slope = slope;
    return { kind: "rate", rate: this.#rate };
  }

  get #rate() {
    return 1 + this.#slope + this.#correction;
  }

  /**
   * Takes one measured error; returns a command when it is time to decide and something is to change.
   * @param {number} localMs
   * @param {number} errorMs positive when the picture is ahead of the schedule
   * @returns {Command | null}
   */
  sample(localMs, errorMs) {
    this.#errors.push(errorMs);
    if (this.#errors.length > SAMPLES_MAX) this.#errors.shift();
    if (localMs - this.#decidedAt < DECIDE_EVERY_MS || this.#errors.length < SAMPLES_MIN) return null;
    const error = median(this.#errors);
    this.#errors = [];
    this.#decidedAt = localMs;
    this.#errorMs = error;
    this.#inSync = Math.abs(error) < (this.#inSync ? OUT_OF_SYNC_FROM_MS : IN_SYNC_WITHIN_MS);
    return Math.abs(error) >= this.#parkFromMs ? this.#park(localMs, error) : this.#steer(localMs, error);
  }

  /** Parking freezes the picture, so a device that cannot keep up does it ever more rarely. @param {number} localMs @param {number} error @returns {Command | null} */
  #park(localMs, error) {
    if (localMs - this.#parkedAt < this.#parkWaitMs) return this.#steer(localMs, error);
    this.#parkWaitMs = Math.min(this.#parkWaitMs * 2, PARK_WAIT_LIMIT_MS);
    this.#parkedAt = localMs;
    return { kind: "park" };
  }

  /** @param {number} localMs @param {number} error @returns {Command | null} */
  #steer(localMs, error) {
    if (localMs - this.#parkedAt > 2 * this.#parkWaitMs) this.#parkWaitMs = PARK_WAIT_FIRST_MS;
    const steering = Math.abs(error) > (this.#correction === 0 ? STEER_FROM_MS : STEER_UNTIL_MS);
    this.#hurrying = Math.abs(error) > (this.#hurrying ? HURRY_UNTIL_MS : HURRY_FROM_MS);
    const limit = this.#hurrying ? this.#rateLimit : GENTLE_RATE_LIMIT;
    const correction = steering ? clamp(-error / SETTLE_MS, limit) : 0;
    if (correction === this.#correction) return null;
    this.#correction = correction;
    return { kind: "rate", rate: this.#rate };
  }
}

const LATENCY_MEMORY = 7;
const LATENCY_LIMIT_MS = 400;

/** How long `play()` on a parked element takes to move the picture: the median of the last starts. */
export class StartLatency {
  /** @type {number[]} */
  #seen;
  #guessMs;

  /** @param {number} guessMs what to assume before the first start @param {ReadonlyArray<number>} seen from earlier visits */
  constructor(guessMs, seen = []) {
    this.#guessMs = guessMs;
    this.#seen = seen.filter((ms) => ms >= 0 && ms <= LATENCY_LIMIT_MS).slice(-LATENCY_MEMORY);
  }

  /** The latency to expect, in milliseconds. */
  get expected_ms() {
    return this.#seen.length > 0 ? median(this.#seen) : this.#guessMs;
  }

  /** The last measured ones, to be kept for the next visit. */
  get seen() {
    return [...this.#seen];
  }

  /** @param {number} latencyMs what a start really took; impossible values are ignored */
  learn(latencyMs) {
    if (!(latencyMs >= 0 && latencyMs <= LATENCY_LIMIT_MS)) return;
    this.#seen = [...this.#seen, latencyMs].slice(-LATENCY_MEMORY);
  }
}

/** @param {ReadonlyArray<number>} values at least one */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = /** @type {number} */ (sorted[middle]);
  return sorted.length % 2 === 1 ? upper : (/** @type {number} */ (sorted[middle - 1]) + upper) / 2;
}

/** @param {number} value @param {number} limit */
const clamp = (value, limit) => Math.min(Math.max(value, -limit), limit);
