// Moves what stands still a little, slowly, so that it burns into no screen.

import { every } from "../edges/now.js";
import { scope } from "./scope.js";

const STEP_EVERY_MS = 45_000;
const REACH_X_VW = 2;
const REACH_Y_VH = 2.5;
/** Steps for one swing across and one up and down: without a common divisor, so every place gets its turn. */
const SWING_X = 31;
const SWING_Y = 23;

/**
 * Where to stand at a step: a slow figure within ±2 % of the screen.
 * @param {number} step
 */
export const shiftAt = (step) => ({
  x_vw: REACH_X_VW * Math.sin((2 * Math.PI * step) / SWING_X),
  y_vh: REACH_Y_VH * Math.sin((2 * Math.PI * step) / SWING_Y),
});

/**
 * Writes the shift as `--shift-x` and `--shift-y` on `element`; the styles apply it.
 * @param {HTMLElement} element
 * @param {{ signal: AbortSignal, startStep?: number }} options
 */
export function mountPixelShift(element, { signal: parent, startStep = Math.floor(Math.random() * SWING_X * SWING_Y) }) {
  const { signal, close } = scope(parent);
  let step = startStep;
  function move() {
    const { x_vw, y_vh } = shiftAt(step);
    element.style.setProperty("--shift-x", `${x_vw.toFixed(3)}vw`);
    element.style.setProperty("--shift-y", `${y_vh.toFixed(3)}vh`);
    step += 1;
  }
  move();
  every(STEP_EVERY_MS, move, signal);
  return { close };
}
