// From sightings to figures. Pure: times in, numbers out.

import { decode, FRAME_RATE } from "./code.js";

export const FRAME_MS = 1_000 / FRAME_RATE;
/** One tick of a 60 Hz display: no picture can be placed more finely. */
export const TICK_MS = 1_000 / 60;

/**
 * A picture and when it came on the display, on the clock all viewers share.
 * @typedef {Readonly<{ at_ms: number, clip: number, frame: number }>} Showing
 *
 * A programme as the server announced it, on the same clock.
 * @typedef {Readonly<{ clip: number, from_ms: number, to_ms: number }>} Airing
 */

/**
 * Decodes raw sightings and drops repeats of the same picture; unreadable ones are counted.
 * @param {ReadonlyArray<[number, number, number]>} sightings
 * @param {(viewerMs: number) => number} toSharedMs from the viewer's clock to the shared one
 */
export function showingsOf(sightings, toSharedMs) {
  /** @type {Showing[]} */
  const showings = [];
  let unreadable = 0;
  const inOrder = [...sightings].sort((a, b) => a[0] - b[0]);
  for (const [atMs, word, complement] of inOrder) {
    const code = decode(word, complement);
    const last = showings.at(-1);
    if (!code) unreadable += 1;
    else if (last?.clip !== code.clip || last.frame !== code.frame) showings.push({ at_ms: toSharedMs(atMs), ...code });
  }
  return { showings, unreadable };
}

/** @param {ReadonlyArray<Showing>} showings @param {number} atMs @returns {number} the place of what is shown then, −1 if nothing */
function placeAt(showings, atMs) {
  let low = 0;
  let high = showings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (showings[middle].at_ms <= atMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The share of [fromMs, toMs) in which all viewers show the same picture.
 * @param {ReadonlyArray<ReadonlyArray<Showing>>} viewers
 * @param {number} fromMs @param {number} toMs
 */
export function sameShare(viewers, fromMs, toMs) {
  const edges = [fromMs, toMs, ...viewers.flat().map(({ at_ms }) => at_ms)]
    .filter((ms) => ms >= fromMs && ms <= toMs)
    .sort((a, b) => a - b);
  let sameMs = 0;
  for (let place = 0; place + 1 < edges.length; place += 1) {
    const shown = viewers.map((showings) => showings[placeAt(showings, edges[place])]);
    const [first] = shown;
    if (first && shown.every((other) => other?.clip === first.clip && other.frame === first.frame)) {
      sameMs += edges[place + 1] - edges[place];
    }
  }
  return sameMs / (toMs - fromMs);
}

/**
 * For every picture that all viewers showed: how far apart they brought it up. Programmes come round again, so
 * a picture is known by its airing too.
 * @param {ReadonlyArray<ReadonlyArray<Showing>>} viewers
 * @param {ReadonlyArray<Airing>} airings
 * @param {number} fromMs @param {number} toMs
 * @returns {number[]} in milliseconds
 */
export function spreads(viewers, airings, fromMs, toMs) {
  const [first, ...others] = viewers.map((showings) => firstShown(showings, airings, fromMs, toMs));
  return [...first].flatMap(([picture, atMs]) => {
    const all = [atMs, ...others.map((shown) => shown.get(picture))];
    return all.includes(undefined) ? [] : [Math.max(...all) - Math.min(...all)];
  });
}

/** @param {ReadonlyArray<Showing>} showings @param {ReadonlyArray<Airing>} airings @param {number} fromMs @param {number} toMs */
function firstShown(showings, airings, fromMs, toMs) {
  /** @type {Map<string, number>} */
  const shown = new Map();
  for (const { at_ms, clip, frame } of showings) {
    if (at_ms < fromMs || at_ms >= toMs) continue;
    const airing = airings.find((on) => on.clip === clip && Math.abs(at_ms - (on.from_ms + frame * FRAME_MS)) < (on.to_ms - on.from_ms) / 2);
    const picture = `${airing?.from_ms}/${clip}/${frame}`;
    if (airing && !shown.has(picture)) shown.set(picture, at_ms);
  }
  return shown;
}

/** What happens around a change counts as part of it. */
const CHANGE_BEFORE_MS = 300;
const CHANGE_AFTER_MS = 600;

/**
 * At every change of programme: the longest time one picture stood still around it, and how many of the last and
 * first frames were never shown.
 * @param {ReadonlyArray<Showing>} showings
 * @param {ReadonlyArray<Airing>} airings
 * @param {number} fromMs @param {number} toMs
 */
export function changes(showings, airings, fromMs, toMs) {
  return airings.slice(1).flatMap((airing, place) => {
    const atMs = airing.from_ms;
    const before = airings[place];
    if (atMs - CHANGE_BEFORE_MS < fromMs || atMs + CHANGE_AFTER_MS > toMs || before.to_ms !== atMs) return [];
    const around = showings.slice(
      Math.max(placeAt(showings, atMs - CHANGE_BEFORE_MS), 0),
      placeAt(showings, atMs + CHANGE_AFTER_MS) + 2,
    );
    const stood = around.slice(1).map(({ at_ms }, index) => at_ms - around[index].at_ms);
    const seen = new Set(around.map(({ clip, frame }) => `${clip}/${frame}`));
    const frames = Math.round((before.to_ms - before.from_ms) / FRAME_MS);
    const wanted = [-4, -3, -2, -1].map((step) => `${before.clip}/${frames + step}`);
    wanted.push(...[0, 1, 2, 3, 4, 5, 6, 7].map((frame) => `${airing.clip}/${frame}`));
    return [{ at_ms: atMs, hold_ms: Math.max(...stood), lost: wanted.filter((picture) => !seen.has(picture)).length }];
  });
}

/**
 * How far what is shown at `atMs` is from the schedule, in milliseconds: 0 while it is the scheduled frame.
 * @param {ReadonlyArray<Showing>} showings @param {ReadonlyArray<Airing>} airings @param {number} atMs
 */
export function wrongBy(showings, airings, atMs) {
  const shown = showings[placeAt(showings, atMs)];
  if (!shown) return Infinity;
  const errors = airings.map((airing) => {
    if (airing.clip !== shown.clip) return Infinity;
    const startMs = airing.from_ms + shown.frame * FRAME_MS;
    return Math.max(startMs - atMs, atMs - (startMs + FRAME_MS), 0);
  });
  return Math.min(...errors);
}

/**
 * The first instant from which the viewer shows the right frame, within one tick of the display or as given, and goes on doing
 * so for half a second.
 * @param {ReadonlyArray<Showing>} showings @param {ReadonlyArray<Airing>} airings
 * @param {number} fromMs @param {number} toMs
 * @returns {number | null}
 */
export function firstRight(showings, airings, fromMs, toMs, withinMs = TICK_MS) {
  const STEP_MS = 5;
  const LASTS = 500 / STEP_MS;
  let run = 0;
  for (let atMs = fromMs; atMs < toMs; atMs += STEP_MS) {
    run = wrongBy(showings, airings, atMs) <= withinMs ? run + 1 : 0;
    if (run >= LASTS) return atMs - (LASTS - 1) * STEP_MS;
  }
  return null;
}

/**
 * How late each picture came on, against the schedule; early ones are negative. A picture cannot come but with a tick, so
 * single ones say little; the phases of 25 frames on 60 ticks are spread evenly, so means say much.
 * @param {ReadonlyArray<Showing>} showings @param {ReadonlyArray<Airing>} airings @param {number} fromMs @param {number} toMs
 */
export function lateness(showings, airings, fromMs, toMs) {
  return showings
    .filter(({ at_ms }) => at_ms >= fromMs && at_ms < toMs)
    .map(({ at_ms, clip, frame }) => {
      const all = airings.filter((airing) => airing.clip === clip).map(({ from_ms }) => at_ms - (from_ms + frame * FRAME_MS));
      return { at_ms, late_ms: all.reduce((best, late) => (Math.abs(late) < Math.abs(best) ? late : best), Infinity) };
    });
}

/**
 * How much later than `one` the other brought up each picture that both showed.
 * @param {ReadonlyArray<Showing>} one @param {ReadonlyArray<Showing>} other
 * @param {ReadonlyArray<Airing>} airings @param {number} fromMs @param {number} toMs
 */
export function lags(one, other, airings, fromMs, toMs) {
  const shown = firstShown(one, airings, fromMs, toMs);
  return [...firstShown(other, airings, fromMs, toMs)].flatMap(([picture, at_ms]) => {
    const first = shown.get(picture);
    return first === undefined ? [] : [{ at_ms, late_ms: at_ms - first }];
  });
}

/**
 * The mean of each stretch of `lengthMs`, for those of which at least half was seen.
 * @param {ReadonlyArray<{ at_ms: number, late_ms: number }>} late @param {number} fromMs @param {number} toMs @param {number} lengthMs
 */
export function meansOf(late, fromMs, toMs, lengthMs) {
  return Array.from({ length: Math.floor((toMs - fromMs) / lengthMs) }, (_, place) => {
    const beginMs = fromMs + place * lengthMs;
    return late.filter(({ at_ms }) => at_ms >= beginMs && at_ms < beginMs + lengthMs).map(({ late_ms }) => late_ms);
  })
    .filter((some) => some.length * FRAME_MS > lengthMs / 2)
    .map(mean);
}

/** @param {ReadonlyArray<number>} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * How long each picture stood that was on at some time of [fromMs, toMs); the last one stands until `toMs`.
 * @param {ReadonlyArray<Showing>} showings @param {number} fromMs @param {number} toMs
 */
export function holds(showings, fromMs, toMs) {
  const some = showings.slice(Math.max(placeAt(showings, fromMs), 0)).filter(({ at_ms }) => at_ms < toMs);
  return some.map(({ at_ms }, place) => (some[place + 1]?.at_ms ?? toMs) - at_ms);
}

/** @param {ReadonlyArray<number>} values @param {number} share in [0, 1] */
export function quantile(values, share) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.ceil(share * sorted.length), sorted.length) - 1] ?? sorted[0];
}
