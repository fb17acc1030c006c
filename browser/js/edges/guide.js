// The guide as the server tells it, checked at the border.

import { parseGuide } from "../core/guide.js";
import { timeLimit } from "./now.js";

/** @import { Guide } from "../core/guide.js" */

const GUIDE_LIMIT_MS = 10_000;

/**
 * What is on between two instants of server time; the answer may reach less far.
 * @param {{ from_ms: number, to_ms: number }} time
 * @param {AbortSignal} [signal]
 * @returns {Promise<Guide>}
 */
export async function fetchGuide({ from_ms, to_ms }, signal) {
  const query = new URLSearchParams({ from: String(Math.round(from_ms)), to: String(Math.round(to_ms)) });
  const answer = await fetch(`/api/guide?${query}`, { cache: "no-store", signal: timeLimit(GUIDE_LIMIT_MS, signal) });
  if (!answer.ok) throw new Error(`/api/guide answered ${answer.status}`);
  return parseGuide(await answer.json());
}
