// What is on at an instant of server time, from what the server last announced. The browser's half of the
// pure timeline: no clock, no chained timers, so late or repeated news never moves the picture.

/** @import { Airing, OnAir, RotationItem } from "./wire.js" */

/**
 * How the answer is known: said by the server; continued by this viewer along the rotation while the server
 * is away; or held on the last known programme's end.
 * @typedef {"announced" | "continued" | "held"} Basis
 *
 * @typedef {Readonly<{ onAir: OnAir | null, rotation: ReadonlyArray<RotationItem> }>} Knowledge
 *
 * `until_ms` is the instant (server time) at which this answer ends, Infinity when held.
 * @typedef {Readonly<{
 *   current: Airing, position_ms: number, until_ms: number, next: Airing | null, basis: Basis,
 * }>} Moment
 */

/** @param {Airing} airing */
const naturalEndMs = (airing) => airing.started_at_ms + airing.duration_ms;

/**
 * The moment of the channel at `serverMs`, or null when it is off air (or nothing is known yet).
 * @param {Knowledge} knowledge
 * @param {number} serverMs
 * @returns {Moment | null}
 */
export function momentAt({ onAir, rotation }, serverMs) {
  const current = onAir?.current;
  if (!current) return null;
  const { next } = onAir;
  if (next && serverMs >= next.started_at_ms) {
    if (serverMs < naturalEndMs(next)) return moment(next, serverMs, following(next, rotation), "announced");
    return continuedAt(next, rotation, serverMs);
  }
  const endMs = next ? next.started_at_ms : naturalEndMs(current);
  if (serverMs < endMs) return moment(current, serverMs, next ?? following(current, rotation), "announced", endMs);
  return continuedAt(current, rotation, serverMs);
}

/**
 * @param {Airing} current @param {number} serverMs @param {Airing | null} next @param {Basis} basis
 * @param {number} [untilMs] @returns {Moment}
 */
function moment(current, serverMs, next, basis, untilMs = naturalEndMs(current)) {
  const position_ms = Math.min(Math.max(serverMs - current.started_at_ms, 0), current.duration_ms);
  return Object.freeze({ current, position_ms, until_ms: untilMs, next, basis });
}

/**
 * Follows the rotation past the last announced airing; whole rounds are skipped by division.
 * @param {Airing} last @param {ReadonlyArray<RotationItem>} rotation @param {number} serverMs
 * @returns {Moment}
 */
function continuedAt(last, rotation, serverMs) {
  const place = placeOf(last, rotation);
  if (place < 0) return moment(last, serverMs, null, "held", Infinity);
  const roundMs = rotation.reduce((sum, item) => sum + item.duration_ms, 0);
  const sinceMs = serverMs - naturalEndMs(last);
  let startMs = naturalEndMs(last) + Math.floor(sinceMs / roundMs) * roundMs;
  for (let step = 1; step <= rotation.length; step += 1) {
    const airing = scheduled(rotation, place + step, startMs, last.linear);
    startMs = naturalEndMs(airing);
    if (serverMs < startMs) return moment(airing, serverMs, following(airing, rotation), "continued");
  }
  throw new Error("unreachable: the steps of one round cover the round");
}

/** @param {Airing} airing @param {ReadonlyArray<RotationItem>} rotation @returns {Airing | null} */
function following(airing, rotation) {
  const place = placeOf(airing, rotation);
  return place < 0 ? null : scheduled(rotation, place + 1, naturalEndMs(airing), airing.linear);
}

/** @param {Airing} airing @param {ReadonlyArray<RotationItem>} rotation @returns {number} −1 if not in it */
function placeOf({ id, index }, rotation) {
  return rotation[index]?.id === id ? index : rotation.findIndex((item) => item.id === id);
}

/**
 * Whether it will be in the stream nobody has said yet: where its predecessor was, its segments may be there already.
 * @param {ReadonlyArray<RotationItem>} rotation @param {number} place @param {number} startMs @param {boolean} linear @returns {Airing}
 */
function scheduled(rotation, place, startMs, linear) {
  const index = place % rotation.length;
  const item = /** @type {RotationItem} */ (rotation[index]);
  return Object.freeze({ ...item, index, kind: "progressive", linear, started_at_ms: startMs });
}

/**
 * Whether two airings are the same programme at the same time.
 * @param {Airing | null | undefined} a
 * @param {Airing | null | undefined} b
 */
export function sameAiring(a, b) {
  return a?.id === b?.id && a?.started_at_ms === b?.started_at_ms;
}

/**
 * Whether `rotation` still tells what follows: false when it disagrees with what the server announced.
 * @param {Knowledge} knowledge
 */
export function rotationIsCurrent({ onAir, rotation }) {
  const { current, next, total } = onAir ?? {};
  if (!current) return true;
  if (rotation.length !== total) return false;
  const place = placeOf(current, rotation);
  return place >= 0 && (!next || rotation[(place + 1) % rotation.length]?.id === next.id);
}
