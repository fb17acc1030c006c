// Which file goes when: two at a time, in the order they came. No DOM, no network: both are given.

/** @typedef {{ start: () => Promise<void> }} Job */

const AT_A_TIME = 2;

export class UploadQueue {
  /** @type {Job[]} */
  #waiting = [];
  #running = 0;

  /** @param {Job} job its promise never rejects */
  add(job) {
    this.#waiting.push(job);
    this.#next();
  }

  /** Takes a job back that has not begun. @param {Job} job */
  remove(job) {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== job);
  }

  get isBusy() {
    return this.#running > 0 || this.#waiting.length > 0;
  }

  #next() {
    while (this.#running < AT_A_TIME) {
      const job = this.#waiting.shift();
      if (!job) return;
      this.#running += 1;
      void job.start().finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }
}
