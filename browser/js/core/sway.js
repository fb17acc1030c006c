// A slow to and fro around the schedule, the same on every screen, while nobody can hear it.
//
// At a steady rate Chromium lays frames out on the display's ticks in a fixed cadence, counted from whatever frame was on
// when it was found (VideoCadenceEstimator). One missed tick shifts it, and it stays shifted although the clock
// is right. Off the steady rate by more than a quarter of a percent there is no cadence: each tick shows the frame that
// covers most of it, which depends on nothing but the clock that all screens share.

/** Longer than the 32 frames over which the browser averages; the average must not come near 1. */
const HALF_PERIOD_MS = 1_500;
/** As steep as cannot be seen; the picture is never more than 3.75 ms from the schedule. */
const SLOPE = 0.005;

/** @typedef {Readonly<{ offset_ms: number, slope: number }>} Sway */

/** @type {Sway} */
export const STILL = Object.freeze({ offset_ms: 0, slope: 0 });

/**
 * How far ahead of the schedule every screen is to be at `serverMs`, and how fast that grows.
 * @param {number} serverMs
 * @returns {Sway}
 */
export function swayAt(serverMs) {
  const half = Math.floor(serverMs / HALF_PERIOD_MS);
  const slope = half % 2 === 0 ? SLOPE : -SLOPE;
  return { offset_ms: slope * (serverMs - (half + 0.5) * HALF_PERIOD_MS), slope };
}
