// Keeps a ServerClock fresh: a few quick exchanges at first and once the page stands, then a pair about every ten seconds, and at once
// when asked (a tab that was hidden, a machine that slept).

import { ServerClock } from "../core/server_clock.js";
import { after, every, localNowMs, pause } from "./now.js";

/** @import { ClockSample } from "../core/server_clock.js" */

const FIRST_EXCHANGES = 6;
/** The first ones are disturbed by the page that is being loaded. */
const AGAIN_AFTER_MS = 2_000;
const REFRESH_EXCHANGES = 2;
const REFRESH_EVERY_MS = 10_000;
const BETWEEN_EXCHANGES_MS = 30;

export class ClockProbe {
  #clock = new ServerClock();
  #exchange;
  #signal;
  /** @type {Promise<void> | null} */
  #running = null;
  /** @type {() => void} */
  #becomeKnown = () => {};

  /** Resolves when there is an estimate. @type {Promise<void>} */
  known = new Promise((resolve) => {
    this.#becomeKnown = resolve;
  });

  /**
   * @param {(signal: AbortSignal) => Promise<ClockSample>} exchange
   * @param {AbortSignal} signal ends the probing
   */
  constructor(exchange, signal) {
    this.#exchange = exchange;
    this.#signal = signal;
    void this.refresh(FIRST_EXCHANGES);
    after(AGAIN_AFTER_MS, () => void this.refresh(FIRST_EXCHANGES), signal);
    every(REFRESH_EVERY_MS, () => void this.refresh(), signal);
  }

  /** The current estimate, or null before the first answer. */
  get estimate() {
    return this.#clock.estimate;
  }

  /** The server's time now in milliseconds; NaN before the first answer. */
  serverNowMs() {
    return localNowMs() + (this.#clock.estimate?.offset_ms ?? NaN);
  }

  /** @param {ClockSample} sample learnt in another way */
  add(sample) {
    this.#clock.add(sample);
    if (this.#clock.estimate) this.#becomeKnown();
  }

  /**
   * Exchanges again; never two rounds at the same time.
   * @param {number} [exchanges]
   * @returns {Promise<void>} settles when done, also when the server did not answer
   */
  refresh(exchanges = REFRESH_EXCHANGES) {
    this.#running ??= this.#round(exchanges).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** @param {number} exchanges */
  async #round(exchanges) {
    for (let done = 0; done < exchanges && !this.#signal.aborted; done += 1) {
      if (done > 0) await pause(BETWEEN_EXCHANGES_MS, this.#signal);
      try {
        this.add(await this.#exchange(this.#signal));
      } catch {
        return; // the next round tries again; meanwhile the last estimate holds
      }
    }
  }
}
