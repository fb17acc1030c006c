// One beat for everything that counts seconds, silent while nobody looks.

import { every } from "../edges/now.js";

const BEAT_MS = 250;

/**
 * @typedef {{ add: (render: () => void, signal: AbortSignal) => void }} Ticker
 *
 * @param {AbortSignal} signal
 * @returns {Ticker}
 */
export function createTicker(signal) {
  /** @type {Set<() => void>} */
  const renders = new Set();
  const beat = () => {
    if (document.hidden) return;
    for (const render of renders) render();
  };
  every(BEAT_MS, beat, signal);
  document.addEventListener("visibilitychange", beat, { signal });
  return {
    add(render, until) {
      renders.add(render);
      until.addEventListener("abort", () => renders.delete(render), { once: true });
      render();
    },
  };
}
