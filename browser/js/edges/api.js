// Requests to the server, each with a time limit and each answer checked at the border.

import { parseClock, parseRotation } from "../core/wire.js";
import { localNowMs, timeLimit } from "./now.js";

/** @import { ClockSample } from "../core/server_clock.js" */

const CLOCK_LIMIT_MS = 2_000;
const REQUEST_LIMIT_MS = 10_000;

/**
 * One exchange with the server's clock.
 * @param {AbortSignal} [signal]
 * @returns {Promise<ClockSample>}
 */
export async function exchangeClock(signal) {
  const sent_local_ms = localNowMs();
  const answer = await fetch("/clock", { cache: "no-store", signal: timeLimit(CLOCK_LIMIT_MS, signal) });
  const received_local_ms = localNowMs();
  if (!answer.ok) throw new Error(`/clock answered ${answer.status}`);
  const { received_ms, sent_ms } = parseClock(await answer.json());
  const resolution_ms = Number.isInteger(received_ms) && Number.isInteger(sent_ms) ? 1 : 0;
  return { sent_local_ms, received_local_ms, server_received_ms: received_ms, server_sent_ms: sent_ms, resolution_ms };
}

/**
 * The channel's rotation in playing order.
 * @param {AbortSignal} [signal]
 */
export async function fetchRotation(signal) {
  const answer = await fetch("/videos", { signal: timeLimit(REQUEST_LIMIT_MS, signal) });
  if (!answer.ok) throw new Error(`/videos answered ${answer.status}`);
  return parseRotation(await answer.json());
}

/** Whether the server is there and ready to answer. @returns {Promise<boolean>} */
export const isReady = () =>
  fetch("/readyz", { cache: "no-store", signal: timeLimit(CLOCK_LIMIT_MS) }).then(({ ok }) => ok, () => false);
