// One <video> element as a tape deck: load, park at a decoded frame, release, steer, say how it is.

import { timeLimit } from "./now.js";

/** @import { Captions } from "../core/wire.js" */

const LOAD_LIMIT_MS = 15_000;
const PARK_LIMIT_MS = 6_000;
/** A seek to where the element already is would cost a decode for nothing. */
const SAME_POSITION_S = 0.001;

/** Why a deck could not do what it was asked; `fatal` when another try with the same bytes cannot help. */
export class DeckError extends Error {
  /** @param {string} message @param {{ fatal: boolean }} options */
  constructor(message, { fatal }) {
    super(message);
    this.name = "DeckError";
    this.fatal = fatal;
  }
}

/** @typedef {"silent" | "muted" | "audible" | "stream-muted" | "stream-audible"} SoundPath */

/**
 * Tracks, and the position that their times count from.
 * @typedef {Readonly<{ captions: ReadonlyArray<Captions>, zero_ms: number }>} Words
 */

/** @type {Words} */
const NO_WORDS = Object.freeze({ captions: [], zero_ms: 0 });

export class Deck {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    Object.assign(video, { playsInline: true, preload: "auto", disableRemotePlayback: true });
    if ("preservesPitch" in video) video.preservesPitch = false; // small rates act at once, nothing is stretched
  }

  /** The address it holds, empty when unloaded. */
  get url() {
    return this.video.getAttribute("src") ?? "";
  }

  /** Where the picture is, in milliseconds of what it plays. */
  get position_ms() {
    return this.video.currentTime * 1_000 + this.origin_ms;
  }

  /** The position at which the element's own time begins. */
  get origin_ms() {
    return 0;
  }

  /** Whether it would move by itself now. */
  get isRunning() {
    const { video } = this;
    return !video.paused && !video.seeking && !video.ended && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  /** Decoded sound without a picture: the browser cannot show this video, and raises no error about it. */
  get lacksPicture() {
    return this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.video.videoWidth === 0;
  }

  /** What decides how long a start takes: sound passes through the device's buffers. @returns {SoundPath} */
  get soundPath() {
    const video = /** @type {HTMLVideoElement & { webkitAudioDecodedByteCount?: number, mozHasAudio?: boolean }} */ (this.video);
    const silent = video.webkitAudioDecodedByteCount === 0 || video.mozHasAudio === false;
    if (silent) return "silent";
    return video.muted ? "muted" : "audible";
  }

  /**
   * Loads until the first frame can be shown; does nothing when `url` is loaded already.
   * @param {string} url
   * @param {AbortSignal} signal
   * @throws {DeckError}
   */
  async load(url, signal) {
    const { video } = this;
    if (this.url !== url || video.error) {
      this.offer(NO_WORDS);
      video.src = url;
      video.load();
    }
    if (video.readyState < HTMLMediaElement.HAVE_METADATA) await this.#until("loadedmetadata", LOAD_LIMIT_MS, signal);
  }

  /**
   * The subtitles a viewer can choose. Only after loading: a track that is wanted already while its video is being
   * loaded would hold up the picture until its file is there. Those of what follows on the same deck are put there too,
   * marked, so that their files have come when its time does.
   * @param {Words} now
   * @param {Words | null} [next]
   */
  offer(now, next = null) {
    const { video } = this;
    const present = new Map([...video.querySelectorAll("track")].map((track) => [keyOf(track.getAttribute("src"), track.dataset.zeroMs), track]));
    for (const words of [now, next]) {
      for (const { language, label, url } of words?.captions ?? []) {
        const key = keyOf(url, words?.zero_ms);
        const track = present.get(key) ?? document.createElement("track");
        present.delete(key);
        track.toggleAttribute("data-next", words === next);
        if (track.parentNode) continue;
        Object.assign(track, { kind: "subtitles", srclang: language, label, src: url });
        track.dataset.zeroMs = String(words?.zero_ms);
        video.append(track);
      }
    }
    for (const track of present.values()) track.remove();
  }

  /**
   * Pauses with the frame at `positionMs` decoded and enough behind it to start without waiting.
   * @param {number} positionMs
   * @param {AbortSignal} signal
   * @throws {DeckError}
   */
  async park(positionMs, signal) {
    const { video } = this;
    video.pause();
    video.playbackRate = 1;
    const positionS = Math.min((positionMs - this.origin_ms) / 1_000, video.duration || Infinity);
    if (Math.abs(video.currentTime - positionS) > SAME_POSITION_S) {
      const seeked = this.#until("seeked", PARK_LIMIT_MS, signal);
      video.currentTime = positionS;
      await seeked;
    }
    if (video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) await this.#until("canplay", PARK_LIMIT_MS, signal);
    if (this.lacksPicture) throw new DeckError("sound without a picture", { fatal: true });
  }

  /**
   * Plays; the promise is the element's own, refused with NotAllowedError where a person must ask first.
   * @returns {Promise<void>}
   */
  release() {
    return this.video.play();
  }

  /** @param {number} rate */
  steer(rate) {
    this.video.playbackRate = rate;
  }

  /** Gives the connection and the decoder back. */
  unload() {
    this.offer(NO_WORDS);
    if (!this.url) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** @param {string} type @param {number} limitMs @param {AbortSignal} signal @returns {Promise<void>} */
  #until(type, limitMs, signal) {
    const { video } = this;
    const limit = timeLimit(limitMs, signal);
    return new Promise((resolve, reject) => {
      const settled = new AbortController();
      const on = (/** @type {EventTarget} */ target, /** @type {string} */ name, /** @type {() => void} */ then) =>
        target.addEventListener(name, () => (settled.abort(), then()), { signal: settled.signal });
      on(video, type, resolve);
      on(video, "error", () => reject(mediaError(video)));
      on(limit, "abort", () => reject(new DeckError(`no ${type} in ${limitMs} ms`, { fatal: false })));
    });
  }
}

/** One file may be on twice, at different times. @param {string | null} url @param {unknown} zeroMs */
const keyOf = (url, zeroMs) => `${zeroMs} ${url}`;

/** A failed download and an unknown format look alike (code 4); only a decoder's own refusal is final. @param {HTMLVideoElement} video */
function mediaError(video) {
  const { code = 0, message = "" } = video.error ?? {};
  return new DeckError(`media error ${code} ${message}`, { fatal: code === MediaError.MEDIA_ERR_DECODE });
}
