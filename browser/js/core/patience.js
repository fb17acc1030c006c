// When an unattended screen may load its page again: after the picture has been wrong for long enough, and every
// reload that did not help makes it wait twice as long.

const PATIENCE_FIRST_MS = 30_000;
const PATIENCE_LIMIT_MS = 30 * 60_000;
/** A picture that was right for this long ends the memory of reloads. */
const TRUST_AFTER_MS = 60_000;
/** A longer gap between two checks means the machine slept; nothing can be said about that time. */
const SLEPT_MS = 20_000;

/** @typedef {"nothing" | "reload" | "forget" | "woke"} Advice */

export class Patience {
  #reloads;
  #checkedMs;
  #rightSinceMs;
  #wrongSinceMs;

  /** @param {{ now_ms: number, reloads: number }} start how often the page was loaded again without success */
  constructor({ now_ms, reloads }) {
    this.#reloads = reloads;
    this.#checkedMs = this.#rightSinceMs = this.#wrongSinceMs = now_ms;
  }

  get reloads() {
    return this.#reloads;
  }

  /**
   * What to do at `nowMs`, given whether the screen shows what it should.
   * @param {number} nowMs
   * @param {boolean} right
   * @returns {Advice}
   */
  check(nowMs, right) {
    const slept = nowMs - this.#checkedMs > SLEPT_MS;
    this.#checkedMs = nowMs;
    if (right || slept) this.#wrongSinceMs = nowMs;
    if (!right || slept) this.#rightSinceMs = nowMs;
    if (slept) return "woke";
    if (right && this.#reloads > 0 && nowMs - this.#rightSinceMs > TRUST_AFTER_MS) {
      this.#reloads = 0;
      return "forget";
    }
    const patienceMs = Math.min(PATIENCE_FIRST_MS * 2 ** this.#reloads, PATIENCE_LIMIT_MS);
    return !right && nowMs - this.#wrongSinceMs > patienceMs ? "reload" : "nothing";
  }
}
