// Brings a programme onto a deck on time: park and release. A seek costs an unknown time, so it goes a little
// ahead of the channel and waits, decoded, for its frame's turn.

import { DeckError } from "../edges/deck.js";
import { localNowMs, nextRendering, pause } from "../edges/now.js";

/** @import { Sway } from "../core/sway.js" */
/** @import { Reel } from "../core/reels.js" */
/** @import { Airing } from "../core/wire.js" */
/** @import { Deck } from "../edges/deck.js" */
/** @import { StartTimes } from "./start_times.js" */

/** A release later than this is not worth it: park again, further ahead. */
const LATE_LIMIT_MS = 20;
const ATTEMPTS_MAX = 5;
/**
 * Starts in mid-programme lie on this grid from its first frame: a whole number of frames at 25, 30, 50 and 60 a second
 * and of ticks at 60 Hz, so a browser lays the frames out on the same ticks as one that has played from the start.
 */
const START_GRID_MS = 200;
/** Renderings are watched from this long before a change of programme. */
const WATCH_BEFORE_MS = 120;
const TICK_MAX_MS = 1_000 / 60;
/** Two calls this close together belong to one tick of the display. */
const TICK_MIN_MS = 3;
/** The page stands still for so long before a start, the picture does not. */
const COUNTDOWN_MS = 6;

/**
 * What a release was meant to do: `start_ms` (server time) is when the parked frame's turn comes,
 * `latency_ms` how long before it play() was called.
 * @typedef {Readonly<{ start_ms: number, latency_ms: number }>} Start
 */

/** @typedef {() => number} Now the server's time, or what is left of it for somebody who watches later */

/**
 * Parks `reel` on the deck, within `airing` or at its start (or anywhere, when nobody knows what is on there), and waits
 * until it must be released to be on time.
 * @param {{ deck: Deck, reel: Reel, airing: Airing | null, now: Now, starts: StartTimes, sway: (serverMs: number) => Sway, until: AbortSignal }} given
 * @returns {Promise<Start | null>} null when the programme ends before it could start
 * @throws {DeckError}
 */
export async function parkOnTime({ deck, reel, airing, now, starts, sway, until }) {
  await deck.load(reel.url, until);
  const begin_ms = airing?.started_at_ms ?? 0;
  deck.offer({ captions: airing?.captions ?? [], zero_ms: begin_ms - reel.zero_ms });
  let aheadMs = starts.parking_ms;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const askedMs = localNowMs();
    const earliest_ms = Math.max(now() + aheadMs - begin_ms, 0);
    const within_ms = Math.ceil(earliest_ms / START_GRID_MS) * START_GRID_MS;
    const scheduled_ms = begin_ms + within_ms;
    const start_ms = scheduled_ms - sway(scheduled_ms).offset_ms;
    await deck.park(scheduled_ms - reel.zero_ms, until);
    if (scheduled_ms - reel.zero_ms >= reel.length_ms) return null;
    if (within_ms > 0) starts.parked(localNowMs() - askedMs);
    const due_ms = start_ms - starts.latency_ms(deck.soundPath);
    if (now() > due_ms + LATE_LIMIT_MS) {
      aheadMs = Math.max(aheadMs, localNowMs() - askedMs) * 1.6;
      continue;
    }
    await reachExactly(due_ms, now, until);
    return { start_ms, latency_ms: start_ms - now() };
  }
  throw new DeckError("parking took longer than the time it was given", { fatal: false });
}

/** Waits for an instant of server time; a long wait is checked again near its end. @param {number} atMs @param {Now} now @param {AbortSignal} until */
async function reach(atMs, now, until) {
  for (let leftMs = atMs - now(); leftMs > 0.5; leftMs = atMs - now()) {
    await pause(leftMs > 1_500 ? leftMs - 1_000 : leftMs, until);
    until.throwIfAborted();
  }
}

/** The same to a fraction of a millisecond: timers come late by some, so the last few are counted down. @param {number} atMs @param {Now} now @param {AbortSignal} until */
async function reachExactly(atMs, now, until) {
  await reach(atMs - COUNTDOWN_MS, now, until);
  while (now() < atMs);
}

/**
 * Resolves in the rendering that will show the frame of `atMs` (server time): what is changed at one tick of the
 * display is seen at the next, and videos choose the frame nearest to it.
 * @param {number} atMs @param {Now} now @param {AbortSignal} until
 */
export async function renderingOf(atMs, now, until) {
  await reach(atMs - WATCH_BEFORE_MS, now, until);
  let tickMs = TICK_MAX_MS;
  let lastMs = await nextRendering();
  const dueMs = atMs - (now() - localNowMs());
  while (lastMs + 1.5 * tickMs < dueMs) {
    const atLocalMs = await nextRendering();
    until.throwIfAborted();
    if (atLocalMs - lastMs > TICK_MIN_MS) tickMs = Math.min(tickMs, atLocalMs - lastMs);
    lastMs = atLocalMs;
  }
}
