// A few samples a minute of how exactly this screen keeps step, for the operator's graphs.

import { sendDrift } from "../edges/drift.js";
import { every } from "../edges/now.js";

/** @import { PlayerControls } from "./parts.js" */

const SAMPLE_EVERY_MS = 5_000;
const SAMPLES_MAX = 12;

/**
 * @param {{ player: PlayerControls, signal: AbortSignal }} parts
 */
export function mountDriftReport({ player, signal }) {
  /** @type {number[]} */
  let errors = [];
  /** @type {"file" | "stream"} */
  let deck = "file";

  function send() {
    if (errors.length > 0) sendDrift({ deck, errors_ms: errors });
    errors = [];
  }

  every(SAMPLE_EVERY_MS, () => {
    const { shift, state } = player.root.dataset;
    const { kind, error_ms } = player.drift();
    if (document.hidden || shift !== undefined || state !== "playing" || error_ms === null) return;
    if (kind !== deck) errors = []; // a minute with both says nothing about either
    deck = kind;
    errors.push(Math.round(error_ms * 100) / 100);
    if (errors.length >= SAMPLES_MAX) send();
  }, signal);
  window.addEventListener("pagehide", send, { signal });
}
