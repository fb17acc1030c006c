// The border: every payload from the server is checked and copied here before anything else sees it.
// Names stay those of the wire, so that one word means one thing on both sides.

import { address, COUNT_MAX, INSTANT_MAX_MS, number, record, text, WireError } from "./checks.js";

/**
 * A track of subtitles, on this host; `language` is BCP 47.
 * @typedef {Readonly<{ language: string, label: string, url: string }>} Captions
 *
 * A programme with its place in server time; `linear` when it is part of the channel's endless stream.
 * @typedef {Readonly<{
 *   index: number, id: string, title: string, url: string, kind: string, source: string,
 *   started_at_ms: number, duration_ms: number, likes: number, dislikes: number, poster: string | null,
 *   captions: ReadonlyArray<Captions>, linear: boolean,
 * }>} Airing
 *
 * What the channel plays, as the server last said it; `current` is null while the channel is off air.
 * @typedef {Readonly<{
 *   channel: string, epoch: string, seq: number, server_time_ms: number,
 *   current: Airing | null, next: Airing | null, total: number, revision: number, viewers: number,
 * }>} OnAir
 *
 * One entry of the channel's rotation, in playing order.
 * @typedef {Readonly<Omit<Airing, "started_at_ms" | "kind" | "linear">>} RotationItem
 *
 * @typedef {Readonly<{ id: string, likes: number, dislikes: number }>} Votes
 */

const ROTATION_MAX = 20_000;
const DURATION_MAX_MS = 31 * 86_400_000;
const CAPTIONS_MAX = 64;
const LABEL_MAX = 200;
/** BCP 47 in outline: subtags of letters and digits. */
const LANGUAGE = /^[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,7}$/i;

/**
 * What is no track is left out: a programme without its subtitles is still a programme.
 * @param {unknown} value @returns {ReadonlyArray<Captions>}
 */
export function captionsFrom(value) {
  if (!Array.isArray(value)) return Object.freeze([]);
  const tracks = value.slice(0, CAPTIONS_MAX).flatMap((track) => {
    const { language, label, url } = typeof track === "object" && track !== null ? track : {};
    const isTrack =
      [language, label, url].every((field) => typeof field === "string") && LANGUAGE.test(language) && /^\/(?!\/)/.test(url);
    return isTrack ? [Object.freeze({ language, label: label.trim().slice(0, LABEL_MAX) || language, url })] : [];
  });
  return Object.freeze(tracks);
}

/** @param {Record<string, unknown>} from @returns {RotationItem} */
function rotationItem(from) {
  return Object.freeze({
    index: number(from, "index", 0, ROTATION_MAX * 1_000),
    id: text(from, "id"),
    title: text(from, "title"),
    url: address(from, "url"),
    source: typeof from.source === "string" ? text(from, "source") : "",
    duration_ms: number(from, "duration_ms", 1, DURATION_MAX_MS),
    likes: number(from, "likes", 0, COUNT_MAX),
    dislikes: number(from, "dislikes", 0, COUNT_MAX),
    poster: from.poster === null || from.poster === undefined ? null : address(from, "poster"),
    captions: captionsFrom(from.captions),
  });
}

/** @param {unknown} value @param {string} field @returns {Airing | null} */
function airing(value, field) {
  if (value === null || value === undefined) return null;
  const from = record(value, field);
  return Object.freeze({
    ...rotationItem(from),
    kind: text(from, "kind"),
    linear: from.linear === true,
    started_at_ms: number(from, "started_at_ms", 0, INSTANT_MAX_MS),
  });
}

/**
 * Checks the data of an `on-air` event.
 * @param {unknown} value the parsed JSON
 * @returns {OnAir}
 * @throws {WireError}
 */
export function parseOnAir(value) {
  const from = record(value, "on-air");
  const current = airing(from.current, "current");
  const next = airing(from.next, "next");
  if (current && next && next.started_at_ms <= current.started_at_ms) throw new WireError("next", from.next);
  return Object.freeze({
    channel: text(from, "channel"),
    epoch: text(from, "epoch"),
    seq: number(from, "seq", 0, COUNT_MAX),
    server_time_ms: number(from, "server_time_ms", 0, INSTANT_MAX_MS),
    current,
    next,
    total: number(from, "total", 0, COUNT_MAX),
    revision: from.revision === undefined ? 0 : number(from, "revision", 0, COUNT_MAX),
    viewers: number(from, "viewers", 0, COUNT_MAX),
  });
}

/**
 * Checks the data of a `votes` event.
 * @param {unknown} value
 * @returns {Votes}
 * @throws {WireError}
 */
export function parseVotes(value) {
  const from = record(value, "votes");
  return Object.freeze({
    id: text(from, "id"),
    likes: number(from, "likes", 0, COUNT_MAX),
    dislikes: number(from, "dislikes", 0, COUNT_MAX),
  });
}

/**
 * Checks the data of a `viewers` event.
 * @param {unknown} value
 * @returns {number}
 * @throws {WireError}
 */
export function parseViewers(value) {
  return number(record(value, "viewers"), "viewers", 0, COUNT_MAX);
}

/**
 * Checks the answer of `GET /clock`.
 * @param {unknown} value
 * @returns {{ received_ms: number, sent_ms: number }}
 * @throws {WireError}
 */
export function parseClock(value) {
  const from = record(value, "clock");
  const received_ms = number(from, "received_ms", 0, INSTANT_MAX_MS);
  return { received_ms, sent_ms: number(from, "sent_ms", received_ms, INSTANT_MAX_MS) };
}

/**
 * Checks the answer of `GET /videos`.
 * @param {unknown} value
 * @returns {ReadonlyArray<RotationItem>}
 * @throws {WireError}
 */
export function parseRotation(value) {
  const { videos } = record(value, "videos");
  if (!Array.isArray(videos) || videos.length > ROTATION_MAX) throw new WireError("videos", videos);
  return Object.freeze(videos.map((video) => rotationItem(record(video, "video"))));
}
