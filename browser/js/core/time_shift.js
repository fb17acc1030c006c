// Grace for one person: to stop the picture and to go back a little, while the channel goes on for everyone. Times are server
// time. Pure.

/**
 * How somebody watches: `behind_ms` after the channel; `stopped_at_ms` is the instant whose picture stands still, null while
 * it moves.
 * @typedef {Readonly<{ behind_ms: number, stopped_at_ms: number | null }>} TimeShift
 */

/** With the channel. @type {TimeShift} */
export const LIVE = Object.freeze({ behind_ms: 0, stopped_at_ms: null });

/** Nobody wants to be so little behind. */
const NEARLY_LIVE_MS = 2_000;

/** The instant whose picture is due. @param {TimeShift} shift @param {number} nowMs */
export const shownAt = ({ behind_ms, stopped_at_ms }, nowMs) => stopped_at_ms ?? nowMs - behind_ms;

/** How far behind the channel it is. @param {TimeShift} shift @param {number} nowMs */
export const behindBy = (shift, nowMs) => nowMs - shownAt(shift, nowMs);

/** @param {TimeShift} shift @param {number} nowMs @returns {TimeShift} the picture of now stands still from now on */
export const stopped = (shift, nowMs) => Object.freeze({ ...shift, stopped_at_ms: shownAt(shift, nowMs) });

/**
 * Goes on `stepMs` from the picture that is shown: back when negative, but not beyond what there is, and never ahead of the
 * channel.
 * @param {TimeShift} shift
 * @param {number} stepMs
 * @param {number} nowMs
 * @param {number} earliestMs the oldest instant that can be had; NaN when unknown
 * @returns {TimeShift}
 */
export function moved(shift, stepMs, nowMs, earliestMs) {
  const wantedMs = shownAt(shift, nowMs) + stepMs;
  const oldestMs = Number.isNaN(earliestMs) ? nowMs : earliestMs;
  const behind_ms = nowMs - Math.min(Math.max(wantedMs, oldestMs), nowMs);
  return behind_ms < NEARLY_LIVE_MS ? LIVE : Object.freeze({ behind_ms, stopped_at_ms: null });
}
