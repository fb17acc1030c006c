// The library as the server lists it, checked at the border.

import { captionsFrom } from "../core/wire.js";
import { timeLimit } from "./now.js";
import { problemOf } from "./problem.js";

const LIBRARY_LIMIT_MS = 10_000;
const VIDEOS_MAX = 100_000;
const STATES = ["ready", "waiting", "quarantined"];
const VERSIONS = ["original", "quick", "floor", "house"];
/** A path on this host. */
const PATH = /^\/(?!\/)/;

/** @import { Captions } from "../core/wire.js" */

/**
 * @typedef {"ready" | "waiting" | "quarantined"} VideoState
 *
 * What is scheduled: the file as it came, one made fast, the lowest rung of the house format, or all of it.
 * @typedef {"original" | "quick" | "floor" | "house"} Version
 * @typedef {Readonly<{
 *   id: string, title: string, source: string, state: VideoState, reason: string | null,
 *   duration_ms: number | null, size_bytes: number | null, width: number | null, height: number | null,
 *   video_codec: string | null, on_air_at_ms: number | null, version: Version,
 *   poster: string | null, previews: string | null, captions: ReadonlyArray<Captions>,
 * }>} LibraryVideo
 * @typedef {Readonly<{ videos: ReadonlyArray<LibraryVideo>, server_time_ms: number | null }>} Listing
 */

/** @param {AbortSignal} [signal] @returns {Promise<Listing>} */
export async function fetchLibrary(signal) {
  const answer = await fetch("/library", {
    headers: { Accept: "application/json" },
    cache: "no-store",
    signal: timeLimit(LIBRARY_LIMIT_MS, signal),
  });
  const body = await answer.text();
  if (!answer.ok) throw problemOf(body, answer.status);
  const { videos, server_time_ms } = JSON.parse(body);
  if (!Array.isArray(videos)) throw problemOf("", answer.status);
  return Object.freeze({
    videos: Object.freeze(videos.slice(0, VIDEOS_MAX).map(videoFrom)),
    server_time_ms: number(server_time_ms),
  });
}

/** @param {unknown} value */
const number = (value) => (typeof value === "number" && value >= 0 ? value : null);

/** @param {unknown} value */
const text = (value) => (typeof value === "string" && value !== "" ? value : null);

/** @param {unknown} value */
const path = (value) => (typeof value === "string" && PATH.test(value) ? value : null);

/** @param {any} from @returns {LibraryVideo} */
function videoFrom(from) {
  return Object.freeze({
    id: String(from?.id),
    title: text(from?.title) ?? "Untitled",
    source: text(from?.source) ?? "",
    state: STATES.includes(from?.state) ? from.state : "quarantined",
    reason: text(from?.reason),
    duration_ms: number(from?.duration_ms),
    size_bytes: number(from?.size_bytes),
    width: number(from?.width),
    height: number(from?.height),
    video_codec: text(from?.video_codec),
    on_air_at_ms: number(from?.on_air_at_ms),
    version: VERSIONS.includes(from?.version) ? from.version : "original",
    poster: path(from?.poster),
    previews: path(from?.previews),
    captions: captionsFrom(from?.captions),
  });
}
