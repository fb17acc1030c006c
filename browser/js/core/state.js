// Everything a page shows, as one frozen value made by a pure reducer. Only checked payloads come in; the
// user interface never invents channel state.

import { momentAt, sameAiring } from "./schedule.js";

/** @import { Airing, OnAir, RotationItem, Votes } from "./wire.js" */
/** @import { Basis } from "./schedule.js" */

/**
 * @typedef {"open" | "connecting" | "lost"} Connection
 *
 * What is on at the last change: `current` and `next` follow the schedule also while the server is away.
 * @typedef {Readonly<{
 *   current: Airing, next: Airing | null, total: number, viewers: number, basis: Basis,
 * }>} OnAirView
 *
 * @typedef {Readonly<{
 *   onAir: OnAirView | null, known: boolean, votes: Readonly<Record<string, Votes>>,
 *   connection: Connection, announced: OnAir | null, rotation: ReadonlyArray<RotationItem>,
 * }>} ChannelState
 *
 * @typedef {{ type: "on-air", onAir: OnAir, server_ms: number }
 *   | { type: "tick", server_ms: number }
 *   | { type: "votes", votes: Votes }
 *   | { type: "viewers", viewers: number }
 *   | { type: "rotation", rotation: ReadonlyArray<RotationItem>, server_ms: number }
 *   | { type: "connection", connection: Connection }} Action
 */

/** The state before anything is known. @type {ChannelState} */
export const INITIAL_STATE = Object.freeze({
  onAir: null,
  known: false,
  votes: Object.freeze({}),
  connection: "connecting",
  announced: null,
  rotation: Object.freeze([]),
});

/**
 * The state after `action`; the same object when nothing changed.
 * @param {ChannelState} state
 * @param {Action} action
 * @returns {ChannelState}
 */
export function reduce(state, action) {
  switch (action.type) {
    case "on-air":
      return announced(state, action.onAir, action.server_ms);
    case "tick":
      return viewed(state, action.server_ms);
    case "rotation":
      return viewed(Object.freeze({ ...state, rotation: action.rotation }), action.server_ms);
    case "votes":
      return voted(state, action.votes);
    case "viewers":
      if (!state.onAir || state.onAir.viewers === action.viewers) return state;
      return Object.freeze({ ...state, onAir: Object.freeze({ ...state.onAir, viewers: action.viewers }) });
    case "connection":
      return state.connection === action.connection
        ? state
        : Object.freeze({ ...state, connection: action.connection });
    default:
      throw new TypeError(`unknown action ${JSON.stringify(action)}`);
  }
}

/** Older news of the same server process is dropped. @param {ChannelState} state @param {OnAir} onAir @param {number} serverMs */
function announced(state, onAir, serverMs) {
  const last = state.announced;
  if (last && last.epoch === onAir.epoch && onAir.seq < last.seq) return state;
  const votes = Object.fromEntries(
    [onAir.current, onAir.next].flatMap((airing) =>
      airing ? [[airing.id, Object.freeze({ id: airing.id, likes: airing.likes, dislikes: airing.dislikes })]] : [],
    ),
  );
  const told = (/** @type {Airing | null} */ airing) => keepingCaptions([state.onAir?.current, state.onAir?.next], airing);
  const complete = Object.freeze({ ...onAir, current: told(onAir.current), next: told(onAir.next) });
  const next = { ...state, announced: complete, known: true, votes: Object.freeze(votes), onAir: null };
  return viewed(Object.freeze(next), serverMs);
}

/**
 * Once a better version of a video is there, news lists no tracks for the one still on the air; those it was announced
 * with are there all the same.
 * @param {ReadonlyArray<Airing | null | undefined>} shown @param {Airing | null} told @returns {Airing | null}
 */
function keepingCaptions(shown, told) {
  const before = shown.find((airing) => told && sameAiring(airing, told) && airing?.url === told.url);
  if (!told || !before || told.captions.length > 0) return told;
  return Object.freeze({ ...told, captions: before.captions });
}

/** Brings `onAir` to an instant of server time. @param {ChannelState} state @param {number} serverMs */
function viewed(state, serverMs) {
  const moment = momentAt({ onAir: state.announced, rotation: state.rotation }, serverMs);
  const shown = state.onAir;
  if (!moment) return shown ? Object.freeze({ ...state, onAir: null }) : state;
  const same =
    shown && sameAiring(shown.current, moment.current) && sameAiring(shown.next, moment.next) && shown.basis === moment.basis;
  if (same) return state;
  const onAir = Object.freeze({
    current: moment.current,
    next: moment.next,
    total: state.announced?.total ?? 0,
    viewers: shown?.viewers ?? state.announced?.viewers ?? 0,
    basis: moment.basis,
  });
  return Object.freeze({ ...state, onAir });
}

/** Only the votes of what is on or next are kept. @param {ChannelState} state @param {Votes} votes */
function voted(state, votes) {
  const wanted = [state.onAir?.current.id, state.onAir?.next?.id];
  if (!wanted.includes(votes.id)) return state;
  return Object.freeze({ ...state, votes: Object.freeze({ ...state.votes, [votes.id]: votes }) });
}
