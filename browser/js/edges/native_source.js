// The channel's stream as a browser plays it by itself (Safari on telephones without media sources of their own). It
// tells the date of its time 0 out of the playlist, which is exact to a segment's time stamp.

export const canPlayByItself = () => document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";

export class NativeSource {
  #video;

  /** @param {HTMLVideoElement} video @param {string} url */
  constructor(video, url) {
    this.#video = video;
    video.src = url;
    video.load();
  }

  /** The channel's time at which the element's own begins, in milliseconds; NaN until the playlist is there. */
  get origin_ms() {
    const video = /** @type {HTMLVideoElement & { getStartDate?: () => Date }} */ (this.#video);
    return video.getStartDate?.().getTime() ?? NaN;
  }

  /** The earliest position that can still be had, in milliseconds of the element's own time; NaN when unknown. */
  get earliest_ms() {
    const { seekable } = this.#video;
    return seekable.length > 0 ? seekable.start(0) * 1_000 : NaN;
  }

  close() {
    this.#video.removeAttribute("src");
    this.#video.load();
  }
}
