// What this device taught us about itself: how long a parked element takes to move after play(), and how long
// parking takes. Kept for the next visit, so that the first picture is right at once.

import { StartLatency } from "../core/sync_controller.js";
import { keep, recall } from "../edges/storage.js";

/** @import { SoundPath } from "../edges/deck.js" */

/** First guesses, measured on Chromium: sound has to fill the device's buffer before the clock runs. */
const LATENCY_GUESS_MS = { silent: 1, muted: 40, audible: 40, "stream-muted": 40, "stream-audible": 40 };
const PATHS = /** @type {SoundPath[]} */ (Object.keys(LATENCY_GUESS_MS));
const PARKING_GUESS_MS = 110;
const PARKING_MIN_MS = 70;
const PARKING_MAX_MS = 2_500;
const KEPT_AS = "start-times";

export class StartTimes {
  /** @type {Record<SoundPath, StartLatency>} */
  #latencies;
  #parkingMs = PARKING_GUESS_MS;

  constructor() {
    const kept = /** @type {Record<string, unknown> | null} */ (recall(KEPT_AS));
    const latency = (/** @type {SoundPath} */ path) => new StartLatency(LATENCY_GUESS_MS[path], numbers(kept?.[path]));
    this.#latencies = byPath(latency);
    const [parkingMs] = numbers([kept?.parking]);
    if (parkingMs !== undefined) this.parked(parkingMs);
  }

  /** How far ahead to park, in milliseconds. */
  get parking_ms() {
    return this.#parkingMs;
  }

  /** @param {SoundPath} path @returns {number} milliseconds from play() to a moving picture */
  latency_ms(path) {
    return this.#latencies[path].expected_ms;
  }

  /** @param {number} tookMs what seeking and decoding took; slow news counts at once, fast news by and by */
  parked(tookMs) {
    const wanted = Math.max(tookMs * 1.3 + 30, this.#parkingMs * 0.7);
    this.#parkingMs = Math.min(Math.max(wanted, PARKING_MIN_MS), PARKING_MAX_MS);
  }

  /** @param {SoundPath} path @param {number} tookMs what a start really took */
  started(path, tookMs) {
    this.#latencies[path].learn(tookMs);
    keep(KEPT_AS, { ...byPath((one) => this.#latencies[one].seen), parking: this.#parkingMs });
  }
}

/** @template Value @param {(path: SoundPath) => Value} value @returns {Record<SoundPath, Value>} */
const byPath = (value) => /** @type {Record<SoundPath, Value>} */ (Object.fromEntries(PATHS.map((path) => [path, value(path)])));

/** @param {unknown} value @returns {number[]} */
const numbers = (value) => (Array.isArray(value) ? value.filter((item) => Number.isFinite(item)) : []);
