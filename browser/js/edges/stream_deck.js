// A deck for the channel's endless stream: its positions are channel time, whatever the element's own time says.

import { Deck, DeckError } from "./deck.js";
import { canAssemble, HlsSource } from "./hls_source.js";
import { canPlayByItself, NativeSource } from "./native_source.js";
import { pause, timeLimit } from "./now.js";

/** @import { SoundPath, Words } from "./deck.js" */

const LOAD_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 20;

/** Whether this browser can play the channel's stream at all. */
export const canStream = () => canAssemble() || canPlayByItself();

export class StreamDeck extends Deck {
  #url = "";
  /** @type {Promise<HlsSource | NativeSource> | null} */
  #opening = null;
  /** @type {HlsSource | NativeSource | null} */
  #source = null;

  #now;

  /** @param {HTMLVideoElement} video @param {() => number} now the instant whose picture is due */
  constructor(video, now) {
    super(video);
    this.#now = now;
    // Its words are in programme time; the element counts from elsewhere. Heard on the way down, as it does not bubble.
    video.addEventListener("load", ({ target }) => target instanceof HTMLTrackElement && this.#shift(target), { capture: true });
  }

  /** @override */
  get url() {
    return this.#url;
  }

  /** @override */
  get origin_ms() {
    return this.#source?.origin_ms ?? NaN;
  }

  /** The earliest position there is, in milliseconds; NaN when unknown. */
  get earliest_ms() {
    return this.origin_ms + (this.#source?.earliest_ms ?? NaN);
  }

  /** What passes through a media source takes another time to start. @override @returns {SoundPath} */
  get soundPath() {
    return this.video.muted ? "stream-muted" : "stream-audible";
  }

  /**
   * Loads until it is known what time it is in the stream.
   * @override @param {string} url @param {AbortSignal} signal
   * @throws {DeckError}
   */
  async load(url, signal) {
    const limit = timeLimit(LOAD_LIMIT_MS, signal);
    const source = await this.#open(url);
    const { video } = this;
    const isThere = () => !Number.isNaN(source.origin_ms) && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !video.seeking;
    while (!isThere()) {
      if (limit.aborted || this.#source !== source) throw new DeckError("the stream did not begin", { fatal: false });
      await pause(LOOK_EVERY_MS, limit);
    }
  }

  /** @param {string} url */
  async #open(url) {
    if (this.#url !== url || this.video.error) this.unload();
    this.#url = url;
    const opening = (this.#opening ??= canAssemble() ? HlsSource.open(this.video, url, this.#now) : Promise.resolve(new NativeSource(this.video, url)));
    const source = await opening;
    if (this.#opening !== opening) {
      if (this.#source !== source) source.close();
      throw new DeckError("the stream was left", { fatal: false });
    }
    this.#source = source;
    return source;
  }

  /** A browser that plays the stream by itself finds its words there too. @override @param {Words} now @param {Words | null} [next] */
  offer(now, next = null) {
    if (!(this.#source instanceof NativeSource)) super.offer(now, next);
  }

  /** @override */
  unload() {
    for (const track of this.video.querySelectorAll("track")) track.remove();
    this.#source?.close();
    this.#source = null;
    this.#opening = null;
    this.#url = "";
  }

  /** @param {HTMLTrackElement} element */
  #shift({ track, dataset }) {
    const shiftS = (Number(dataset.zeroMs) - this.origin_ms) / 1_000;
    if (!Number.isFinite(shiftS) || dataset.shifted) return;
    dataset.shifted = "";
    // All at once: the list sorts itself anew with every time that changes.
    for (const cue of [...(track.cues ?? [])]) {
      cue.startTime += shiftS;
      cue.endTime += shiftS;
    }
  }
}
