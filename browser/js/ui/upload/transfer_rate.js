// How fast something moves and how long it will take: the last few seconds count. Pure.

const WINDOW_MS = 8_000;
const SAMPLES_MAX = 200;
/** Before this, a speed says more about buffers than about the network. */
const SETTLED_MS = 1_000;

export class TransferRate {
  /** @type {{ at_ms: number, bytes: number }[]} */
  #samples = [];

  /** @param {number} nowMs @param {number} sentBytes in all */
  add(nowMs, sentBytes) {
    this.#samples.push({ at_ms: nowMs, bytes: sentBytes });
    while (this.#samples.length > SAMPLES_MAX || nowMs - (this.#samples[1]?.at_ms ?? nowMs) >= WINDOW_MS) this.#samples.shift();
  }

  /** @returns {number | null} null while it cannot be told */
  get bytesPerSecond() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at_ms - first.at_ms < SETTLED_MS) return null;
    return ((last.bytes - first.bytes) * 1_000) / (last.at_ms - first.at_ms);
  }

  /** @param {number} totalBytes @returns {number | null} milliseconds */
  timeLeft(totalBytes) {
    const rate = this.bytesPerSecond;
    const sent = this.#samples.at(-1)?.bytes ?? 0;
    return rate ? (Math.max(0, totalBytes - sent) * 1_000) / rate : null;
  }
}
