// Figures that several scenarios have.

import { lateness, mean, meansOf, quantile, TICK_MS } from "../analyse.js";

/** @import { Airing, Showing } from "../analyse.js" */
/** @import { Figure } from "../report.js" */

/** The period of the sway in which screens that nobody hears move together. */
const STRETCH_MS = 3_000;

/** @param {number} seeks @returns {Figure} */
export const seekFigure = (seeks) => ({ name: "seeks of what is shown", value: seeks, unit: "", digits: 0, target: 0 });

/**
 * How far the picture moved against the schedule at `atMs`: the mean of the worst stretch afterwards beside the mean before.
 * @param {ReadonlyArray<Showing>} showings @param {ReadonlyArray<Airing>} airings
 * @param {{ fromMs: number, atMs: number, untilMs: number }} times
 * @returns {Figure}
 */
export function shiftFigure(showings, airings, { fromMs, atMs, untilMs }) {
  const late = lateness(showings, airings, fromMs, untilMs);
  const before = mean(meansOf(late, fromMs, atMs, STRETCH_MS));
  const afterwards = meansOf(late, atMs, untilMs, STRETCH_MS);
  const shifts = afterwards.map((after) => Math.abs(after - before));
  return { name: "shift against the schedule", value: quantile(shifts, 1), unit: "ms", digits: 1, target: Math.ceil(10 * TICK_MS) / 10 };
}
