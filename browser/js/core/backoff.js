// How long to wait before trying again: doubles up to a limit, with jitter so that a thousand viewers of a
// restarted server do not come back in the same instant.

export class Backoff {
  #attempt = 0;
  #firstMs;
  #limitMs;

  /** @param {{ first_ms: number, limit_ms: number }} bounds */
  constructor({ first_ms, limit_ms }) {
    this.#firstMs = first_ms;
    this.#limitMs = limit_ms;
  }

  /**
   * The next wait in milliseconds: between half and all of the doubled bound.
   * @param {number} random in [0, 1), from the caller
   */
  next(random) {
    const boundMs = Math.min(this.#firstMs * 2 ** this.#attempt, this.#limitMs);
    if (boundMs < this.#limitMs) this.#attempt += 1;
    return boundMs * (0.5 + random / 2);
  }

  /** Starts over, after a success. */
  reset() {
    this.#attempt = 0;
  }
}
