// What a deck is given to play. A file is one programme; the channel's stream is all of them in house format, one after
// the other, its positions being server time itself. Pure.

import { sameAiring } from "./schedule.js";

/** @import { Airing } from "./wire.js" */

/**
 * `zero_ms` is the instant of server time at which position 0 is due, `airing` the programme of a file, null for the stream.
 * @typedef {Readonly<{ kind: "file" | "stream", url: string, zero_ms: number, length_ms: number, airing: Airing | null }>} Reel
 */

/** @param {Airing} airing @returns {Reel} */
export const fileReel = (airing) =>
  Object.freeze({ kind: "file", url: airing.url, zero_ms: airing.started_at_ms, length_ms: airing.duration_ms, airing });

/** Told further ahead than players are that know nothing of server time. @param {string} channel its id @returns {Reel} */
export const streamReel = (channel) =>
  Object.freeze({ kind: "stream", url: `/channels/${encodeURIComponent(channel)}/master.m3u8?ahead`, zero_ms: 0, length_ms: Infinity, airing: null });

/**
 * Whether `reel` shows `airing`.
 * @param {Reel | null} reel
 * @param {Airing | null} airing
 */
export function carries(reel, airing) {
  if (!reel || !airing) return false;
  return reel.kind === "stream" ? airing.linear : sameAiring(reel.airing, airing);
}
