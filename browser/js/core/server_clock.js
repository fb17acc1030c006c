// The server's clock as seen from here. Every exchange proves bounds: the server read its clock after we
// sent and before we received, so the offset (server − local) lies in an interval. Intervals of many
// exchanges are intersected; that is never worse than taking the lowest round trip, it keeps the best
// request of one exchange and the best reply of another, and it sees through whole-millisecond stamps.

/**
 * One exchange: local times of sending and receiving, and what the server's clock said between them.
 * `resolution_ms` is the step of the server's stamps (they are rounded down), 0 if exact.
 * @typedef {Readonly<{
 *   sent_local_ms: number, received_local_ms: number,
 *   server_received_ms: number, server_sent_ms: number, resolution_ms: number,
 * }>} ClockSample
 *
 * @typedef {Readonly<{ offset_ms: number, uncertainty_ms: number }>} ClockEstimate
 */

const SAMPLES_MAX = 48;
const AGE_MAX_MS = 5 * 60_000;
/**
 * Two quartz clocks rarely part faster than this, in millionths. How fast they do is found by trying: at the true rate the
 * intervals leave the most room, at a false one old and new ones press on each other from both sides.
 */
const DRIFT_MAX_PPM = 160;
const DRIFT_STEP_PPM = 20;
const DRIFTS_PPM = Array.from({ length: (2 * DRIFT_MAX_PPM) / DRIFT_STEP_PPM + 1 }, (_, place) => place * DRIFT_STEP_PPM - DRIFT_MAX_PPM);
/** How much more a rate counts that leaves more room: a twentieth more room, thrice as much. */
const SHARPNESS = 24;
/** Between two rates that are tried, and from minute to minute, a clock may run like this; older proofs are widened by it. */
const WANDER_PPM = 20;

export class ServerClock {
  /** @type {Array<{ low: number, high: number, at: number }>} */
  #bounds = [];
  /** @type {ClockEstimate | null} */
  #estimate = null;

  /** The offset to add to local time, and how far off it can be at most; null before the first sample. */
  get estimate() {
    return this.#estimate;
  }

  /**
   * Learns from one exchange. Impossible ones (received before sent) are ignored.
   * @param {ClockSample} sample
   */
  add(sample) {
    const low = sample.server_sent_ms - sample.received_local_ms;
    const high = sample.server_received_ms + sample.resolution_ms - sample.sent_local_ms;
    if (!(high >= low)) return;
    const at = sample.received_local_ms;
    this.#bounds = this.#bounds.filter((bound) => at - bound.at < AGE_MAX_MS).slice(1 - SAMPLES_MAX);
    this.#bounds.push({ low, high, at });
    this.#estimate = this.#intersect(at);
  }

  /** Forgets everything, after a sleep or when the server's clock is another one. */
  reset() {
    this.#bounds = [];
    this.#estimate = null;
  }

  /**
   * The part of the line that most intervals agree on; if the newest disagrees with it (a clock has
   * stepped), what came before is dropped once two exchanges in a row say so.
   * @param {number} now
   * @returns {ClockEstimate}
   */
  #intersect(now) {
    const tried = DRIFTS_PPM.map((ppm) => densest(this.#movedTo(now, ppm)));
    const most = Math.max(...tried.map(({ count }) => count));
    const likely = tried.filter(({ count }) => count === most);
    const best = likely.reduce((widest, one) => (one.high - one.low > widest.high - widest.low ? one : widest));
    const room = best.high - best.low;
    const recent = this.#bounds.slice(-2);
    if (this.#bounds.length > 2 && recent.every((bound) => bound.low > best.high || bound.high < best.low)) {
      this.#bounds = recent;
      return this.#intersect(now);
    }
    const weights = likely.map(({ low, high }) => (room > 0 ? ((high - low) / room) ** SHARPNESS : 1));
    const sum = likely.reduce((all, { low, high }, place) => all + ((low + high) / 2) * Number(weights[place]), 0);
    return Object.freeze({
      offset_ms: sum / weights.reduce((all, weight) => all + weight, 0),
      uncertainty_ms: room / 2,
    });
  }

  /** What the intervals prove of `now`, if the offset grows by `ppm` millionths of local time. @param {number} now @param {number} ppm */
  #movedTo(now, ppm) {
    return this.#bounds.map(({ low, high, at }) => {
      const shift = ((now - at) * ppm) / 1e6;
      const slack = ((now - at) * WANDER_PPM) / 1e6;
      return { low: low + shift - slack, high: high + shift + slack };
    });
  }
}

/**
 * Marzullo's algorithm: the smallest interval contained in the largest number of the given ones, and that number.
 * @param {ReadonlyArray<{ low: number, high: number }>} intervals at least one
 */
function densest(intervals) {
  const edges = intervals.flatMap(({ low, high }) => [
    { at: low, step: 1 },
    { at: high, step: -1 },
  ]);
  edges.sort((a, b) => a.at - b.at || b.step - a.step);
  let count = 0;
  let most = 0;
  let best = { low: 0, high: 0, count: 0 };
  edges.forEach(({ at, step }, place) => {
    count += step;
    if (step > 0 && count > most) {
      most = count;
      best = { low: at, high: edges[place + 1]?.at ?? at, count };
    }
  });
  return best;
}
