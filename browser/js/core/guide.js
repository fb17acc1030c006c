// A day of the guide: what the server says is on when, checked, and how a person reads it. Pure.

import { address, COUNT_MAX, INSTANT_MAX_MS, number, record, text, WireError } from "./checks.js";

/**
 * @typedef {Readonly<{ id: string, title: string, poster: string | null, started_at_ms: number, ends_at_ms: number }>} Slot
 *
 * Time in which the channel goes round one list. With `every_ms` its slots come again after so long; else all of
 * them are there. At `cut_ms` something else begins; Infinity if only the answer ends.
 * @typedef {Readonly<{
 *   from_ms: number, to_ms: number, cut_ms: number, every_ms: number | null, slots: ReadonlyArray<Slot>,
 * }>} Stretch
 * @typedef {Readonly<{ revision: number, from_ms: number, to_ms: number, stretches: ReadonlyArray<Stretch> }>} Guide
 */

const STRETCHES_MAX = 2_000;
const SLOTS_MAX = 2_000;
const ROUND_MAX_MS = 86_400_000;

/**
 * Checks the answer of `GET /api/guide`.
 * @param {unknown} value
 * @returns {Guide}
 * @throws {WireError}
 */
export function parseGuide(value) {
  const from = record(value, "guide");
  const videos = record(from.videos, "videos");
  const { stretches } = from;
  if (!Array.isArray(stretches) || stretches.length > STRETCHES_MAX) throw new WireError("stretches", stretches);
  const to_ms = number(from, "to_ms", 0, INSTANT_MAX_MS);
  return Object.freeze({
    revision: number(from, "revision", 0, COUNT_MAX),
    from_ms: number(from, "from_ms", 0, INSTANT_MAX_MS),
    to_ms,
    stretches: Object.freeze(stretches.map((stretch) => stretchFrom(record(stretch, "stretch"), videos, to_ms))),
  });
}

/**
 * @param {Record<string, unknown>} from @param {Record<string, unknown>} videos
 * @param {number} endMs of the answer @returns {Stretch}
 */
function stretchFrom(from, videos, endMs) {
  const { airings } = from;
  if (!Array.isArray(airings) || airings.length === 0 || airings.length > SLOTS_MAX) throw new WireError("airings", airings);
  const from_ms = number(from, "from_ms", 0, INSTANT_MAX_MS);
  const to_ms = number(from, "to_ms", from_ms, INSTANT_MAX_MS);
  return Object.freeze({
    from_ms,
    to_ms,
    cut_ms: to_ms < endMs ? to_ms : Infinity,
    every_ms: from.every_ms === null ? null : number(from, "every_ms", 1, ROUND_MAX_MS),
    slots: Object.freeze(airings.map((airing) => slotFrom(record(airing, "airing"), videos))),
  });
}

/** @param {Record<string, unknown>} from @param {Record<string, unknown>} videos @returns {Slot} */
function slotFrom(from, videos) {
  const id = text(from, "id");
  const video = record(videos[id], "video");
  const started_at_ms = number(from, "started_at_ms", 0, INSTANT_MAX_MS);
  return Object.freeze({
    id,
    title: text(video, "title"),
    poster: video.poster === null ? null : address(video, "poster"),
    started_at_ms,
    ends_at_ms: number(from, "ends_at_ms", started_at_ms, INSTANT_MAX_MS),
  });
}

/**
 * `guide` and, after it, what the server said when it was asked again from its end.
 * @param {Guide} guide @param {Guide} more @returns {Guide}
 */
export const continued = (guide, more) =>
  Object.freeze({ ...more, from_ms: guide.from_ms, stretches: Object.freeze([...guide.stretches, ...more.stretches]) });

/**
 * One round of a stretch that goes round, beginning with what is on at `atMs`.
 * @param {Stretch} stretch @param {number} atMs
 * @returns {Slot[]}
 */
export function roundAt(stretch, atMs) {
  const every_ms = stretch.every_ms ?? Infinity;
  const at_ms = Math.max(atMs, stretch.from_ms);
  const round_ms = Number.isFinite(every_ms) ? Math.floor((at_ms - stretch.from_ms) / every_ms) * every_ms : 0;
  const isOver = (/** @type {Slot} */ slot) => slot.ends_at_ms + round_ms <= at_ms;
  return stretch.slots
    .map((slot) => shifted(slot, isOver(slot) ? round_ms + every_ms : round_ms, stretch.cut_ms))
    .filter(({ started_at_ms }) => started_at_ms < stretch.to_ms)
    .sort((a, b) => a.started_at_ms - b.started_at_ms);
}

/** @param {Slot} slot @param {number} by_ms @param {number} cut_ms @returns {Slot} */
const shifted = (slot, by_ms, cut_ms) =>
  Object.freeze({ ...slot, started_at_ms: slot.started_at_ms + by_ms, ends_at_ms: Math.min(slot.ends_at_ms + by_ms, cut_ms) });

/**
 * What is on at `atMs` by this guide, or null.
 * @param {Guide} guide @param {number} atMs
 * @returns {Slot | null}
 */
export function slotAt(guide, atMs) {
  const stretch = guide.stretches.find(({ from_ms, to_ms }) => from_ms <= atMs && atMs < to_ms);
  const slots = stretch ? (stretch.every_ms === null ? stretch.slots : roundAt(stretch, atMs)) : [];
  return slots.find(({ started_at_ms, ends_at_ms }) => started_at_ms <= atMs && atMs < ends_at_ms) ?? null;
}

/** Letters that Unicode does not take for another with an accent. */
const LIKE = /** @type {Record<string, string>} */ ({ ø: "o", ł: "l", đ: "d", ß: "ss", æ: "ae", œ: "oe", ı: "i" });

/** How text is compared in a search: without case and accents. @param {string} words */
const plain = (words) =>
  words.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().replaceAll(/[øłđßæœı]/g, (letter) => LIKE[letter] ?? letter);

/**
 * Whether a title is one that somebody who typed `wanted` looks for: every word begins a word of it.
 * @param {string} title @param {string} wanted
 */
export function isFound(title, wanted) {
  const words = plain(title).split(/[^\p{L}\p{N}]+/u);
  return plain(wanted).split(/[^\p{L}\p{N}]+/u).every((start) => words.some((word) => word.startsWith(start)));
}
