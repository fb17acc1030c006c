// The channel as a page sees it: server news → checked → reduced → frozen state → subscribers. Between news
// the state follows the schedule by itself, so a page stays right while the server is away.

import { WireError } from "../core/checks.js";
import { momentAt, rotationIsCurrent } from "../core/schedule.js";
import { INITIAL_STATE, reduce } from "../core/state.js";
import { parseOnAir, parseVotes, parseViewers } from "../core/wire.js";
import { fetchRotation } from "./api.js";
import { after, localNowMs, pageExchange } from "./now.js";
import { openSharedStream } from "./shared_stream.js";

/** @import { Moment } from "../core/schedule.js" */
/** @import { Action, ChannelState } from "../core/state.js" */

/**
 * The state given to subscribers; `now()` is the server's time in milliseconds (NaN until known).
 * @typedef {Readonly<ChannelState & { now: () => number }>} ChannelView
 *
 * @typedef {Readonly<{
 *   readonly state: ChannelView,
 *   subscribe: (listener: (state: ChannelView) => void, signal?: AbortSignal) => void,
 *   now: () => number,
 *   uncertainty_ms: () => number,
 *   moment: () => Moment | null,
 *   refresh: () => Promise<void>,
 *   ready: Promise<void>,
 * }>} Channel
 */

const TIMER_MAX_MS = 60_000;
/** Viewers ask for the rotation spread over this time, not all at the moment of a change. */
const ROTATION_SPREAD_MS = 20_000;
/** A shared snapshot is at most this old when it is sent. */
const SNAPSHOT_AGE_MAX_MS = 1_500;

/**
 * Opens the channel; the first state comes from the snapshot in the page, if there is one. A page that shows no picture
 * is not `watching`.
 * @param {{ signal: AbortSignal, snapshot?: unknown, watching?: boolean }} options
 * @returns {Channel}
 */
export function createChannel({ signal, snapshot = inlineSnapshot(), watching = true }) {
  let state = INITIAL_STATE;
  /** @type {Set<(state: ChannelView) => void>} */
  const listeners = new Set();
  let cancelTick = () => {};
  let rotationAsked = false;

  const now = () => stream.probe.serverNowMs();
  const view = () => Object.freeze({ ...state, now });
  const knownNow = () => (Number.isNaN(now()) ? (state.announced?.server_time_ms ?? 0) : now());

  /** @param {Action} action */
  function dispatch(action) {
    const before = state;
    state = reduce(before, action);
    scheduleTick();
    if (state === before) return;
    const shown = view();
    for (const listener of listeners) listener(shown);
    learnRotation();
  }

  /** One timer, to the end of what is on; long waits are cut so that a corrected clock is noticed. */
  function scheduleTick() {
    cancelTick();
    const moment = momentAt({ onAir: state.announced, rotation: state.rotation }, knownNow());
    if (!moment || signal.aborted) return;
    const waitMs = Math.min(Math.max(moment.until_ms - knownNow(), 1), TIMER_MAX_MS);
    cancelTick = after(waitMs, () => dispatch({ type: "tick", server_ms: knownNow() }), signal);
  }

  /** Asks for the whole rotation when what is known no longer tells what follows. */
  function learnRotation() {
    if (rotationAsked || rotationIsCurrent({ onAir: state.announced, rotation: state.rotation })) return;
    rotationAsked = true;
    after(1_000 + Math.random() * ROTATION_SPREAD_MS, askRotation, signal);
  }

  async function askRotation() {
    const rotation = await fetchRotation(signal).catch(() => null); // asked again at the next news
    rotationAsked = false;
    if (rotation) dispatch({ type: "rotation", rotation, server_ms: knownNow() });
  }

  /** @param {string} type @param {unknown} data */
  function hear(type, data) {
    try {
      if (type === "on-air") hearOnAir(data);
      else if (type === "votes") dispatch({ type: "votes", votes: parseVotes(data) });
      else if (type === "viewers") dispatch({ type: "viewers", viewers: parseViewers(data) });
    } catch (error) {
      if (!(error instanceof WireError)) throw error; // news of another shape is no news
    }
  }

  /** @param {unknown} data */
  function hearOnAir(data) {
    const onAir = parseOnAir(data);
    if (Number.isNaN(now())) setClock(onAir.server_time_ms);
    dispatch({ type: "on-air", onAir, server_ms: knownNow() });
  }

  /** Until the first exchange the news' own time will do; what came with the page is exact. @param {number} serverMs */
  function setClock(serverMs) {
    const page = snapshot ? pageExchange() : null;
    const received_local_ms = page?.received_local_ms ?? localNowMs();
    const sent_local_ms = page?.sent_local_ms ?? received_local_ms - SNAPSHOT_AGE_MAX_MS;
    stream.probe.add({ sent_local_ms, received_local_ms, server_received_ms: serverMs, server_sent_ms: serverMs, resolution_ms: 1 });
  }

  const stream = openSharedStream(
    { onEvent: hear, onConnection: (connection) => dispatch({ type: "connection", connection }) },
    signal,
    { watching },
  );
  if (snapshot) hear("on-air", snapshot);

  return Object.freeze({
    get state() {
      return view();
    },
    subscribe(listener, until) {
      listeners.add(listener);
      const leave = () => listeners.delete(listener);
      until?.addEventListener("abort", leave, { once: true });
      listener(view());
    },
    now,
    uncertainty_ms: () => stream.probe.estimate?.uncertainty_ms ?? NaN,
    moment: () => momentAt({ onAir: state.announced, rotation: state.rotation }, knownNow()),
    refresh: () => stream.refresh(),
    ready: stream.probe.known,
  });
}

/** The on-air payload the server wrote into the page. @returns {unknown} */
function inlineSnapshot() {
  try {
    return JSON.parse(document.querySelector("#on-air")?.textContent ?? "null");
  } catch {
    return null;
  }
}
