// The channel's stream put together by hls.js, which is asked for only here. It loads, chooses the rung and fills the
// buffer; where the picture is to be, it is not asked: its own ways of keeping up with a live stream are off.

import { after } from "./now.js";

/** @import Hls from "hls.js" */
/** @import { ErrorData, HlsConfig, LoadPolicy, RetryConfig } from "hls.js" */

const MODULE = new URL("../../vendor/hls.js", import.meta.url).href;

const BUFFER_AHEAD_S = 30;
const BUFFER_BEHIND_S = 30;
/** The picture goes on for as long as the buffer lasts; whoever is away is asked until they are back. */
const RETRY_FIRST_MS = 500;
const RETRY_LIMIT_MS = 3_000;
const RETRIES_MAX = 100_000;
/** After what hls.js itself gives up on, such as a list without a stream. */
const START_AGAIN_MS = 2_000;
const RECOVERIES_MAX = 2;
/** The oldest segment leaves the list while it is being asked for. */
const EDGE_MS = 6_000;

/** @type {RetryConfig} */
const RETRY = {
  maxNumRetry: RETRIES_MAX,
  retryDelayMs: RETRY_FIRST_MS,
  maxRetryDelayMs: RETRY_LIMIT_MS,
  // A refused connection is told as status 0, which hls.js takes for a breach of CORS: final.
  shouldRetry: (_config, count, _isTimeout, answer, retry) => retry || (answer?.code === 0 && count < RETRIES_MAX),
};

/** @param {number} firstByteMs @param {number} wholeMs @returns {LoadPolicy} */
const patience = (firstByteMs, wholeMs) => ({
  default: { maxTimeToFirstByteMs: firstByteMs, maxLoadTimeMs: wholeMs, timeoutRetry: RETRY, errorRetry: RETRY },
});

/** @type {Partial<HlsConfig>} */
const SETTINGS = {
  enableWorker: false, // fragments pass through nearly unread, and a worker out of a blob is against the page's policy
  lowLatencyMode: false,
  maxLiveSyncPlaybackRate: 1, // and it never jumps to the end of the list unless told how far behind is too far
  liveDurationInfinity: true,
  maxBufferLength: BUFFER_AHEAD_S,
  maxMaxBufferLength: BUFFER_AHEAD_S,
  backBufferLength: BUFFER_BEHIND_S,
  capLevelToPlayerSize: true,
  nudgeOnVideoHole: false,
  // Words come as files of each programme, which the page draws.
  subtitleTrackController: undefined,
  subtitleStreamController: undefined,
  timelineController: undefined,
  manifestLoadPolicy: patience(5_000, 10_000),
  playlistLoadPolicy: patience(5_000, 10_000),
  fragLoadPolicy: patience(8_000, 60_000),
};

/** Whether this browser has what hls.js needs. */
export const canAssemble = () => "ManagedMediaSource" in globalThis || "MediaSource" in globalThis;

/** Where of the playlist's time the element's own time begins, for each run without a discontinuity. */
export class HlsSource {
  #hls;
  #video;
  /** @type {Map<number, number>} */
  #origins = new Map();
  #run = NaN;
  #recoveries = 0;
  #closing = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {string} url of the list of renditions
   * @param {() => number} now the instant whose picture is due
   */
  static async open(video, url, now) {
    const { default: HlsClass } = /** @type {typeof import("hls.js")} */ (await import(MODULE));
    return new HlsSource(new HlsClass(SETTINGS), HlsClass.Events, video, url, now);
  }

  /** @param {Hls} hls @param {typeof Hls.Events} events @param {HTMLVideoElement} video @param {string} url @param {() => number} now */
  constructor(hls, events, video, url, now) {
    this.#hls = hls;
    this.#video = video;
    hls.on(events.INIT_PTS_FOUND, (_event, { frag, initPTS, timescale }) => {
      this.#origins.set(frag.cc, (initPTS / timescale) * 1_000);
      if (Number.isNaN(this.#run)) this.#run = frag.cc;
    });
    // It begins at a distance from the end of the list; this makes it the segment of now.
    hls.once(events.LEVEL_UPDATED, (_event, { details }) => {
      const [first] = details.fragments;
      if (!first?.programDateTime) return;
      const dueS = first.start + (now() - first.programDateTime) / 1_000;
      if (dueS > first.start && dueS < details.edge) this.#hls.targetLatency = details.edge - dueS;
    });
    hls.on(events.FRAG_CHANGED, (_event, { frag }) => {
      if (this.#origins.has(frag.cc)) this.#run = frag.cc;
    });
    hls.on(events.ERROR, (_event, data) => (data.fatal ? this.#onFatal(data) : this.#onRefused(data)));
    hls.loadSource(url);
    hls.attachMedia(video);
  }

  /** The channel's time at which the element's own begins, in milliseconds; NaN until the first segment is there. */
  get origin_ms() {
    return this.#origins.get(this.#run) ?? NaN;
  }

  /** The earliest position that leads here without a gap and can still be had, in milliseconds of the element's own time; NaN when unknown. */
  get earliest_ms() {
    const fragments = this.#hls.latestLevelDetails?.fragments.filter(({ start }) => start <= this.#video.currentTime) ?? [];
    const gap = fragments.findLastIndex((fragment) => fragment.gap);
    const first = fragments[gap + 1];
    if (!first) return NaN;
    return first.start * 1_000 + (gap < 0 ? EDGE_MS : 0);
  }

  close() {
    this.#closing.abort();
    this.#hls.destroy();
  }

  #startAgain() {
    after(START_AGAIN_MS, () => this.#hls.startLoad(), this.#closing.signal);
  }

  /**
   * What is refused while the browser says that it is offline, hls.js asks for when it says otherwise. It never does where
   * server and screen are one machine without a network.
   * @param {ErrorData} error
   */
  #onRefused({ reason }) {
    if (reason === "offline") this.#startAgain();
  }

  /** @param {ErrorData} error */
  #onFatal({ type }) {
    if (type === "networkError") this.#startAgain();
    else if (type === "mediaError" && this.#recoveries < RECOVERIES_MAX) {
      this.#recoveries += 1;
      this.#hls.recoverMediaError();
    } else this.#video.dispatchEvent(new Event("error"));
  }
}
