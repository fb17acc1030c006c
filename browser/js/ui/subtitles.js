// Subtitles of whatever is on the air: which tracks there are, which one this viewer wants, and its words on the
// picture. The element in waiting has its track loaded too, so at the change the new words are there with the picture.

import { Backoff } from "../core/backoff.js";
import { chosenTrack, wishAfter, wishFrom } from "../core/captions.js";
import { after } from "../edges/now.js";
import { keep, onKept, recall } from "../edges/storage.js";
import { mountCues } from "./cues.js";
import { followAttributes } from "./scope.js";

/** @import { PlayerControls } from "./parts.js" */

const KINDS = ["captions", "subtitles"];
const KEPT_AS = "captions";

/**
 * `tracks` of what is on the air, and the place of the one shown, −1 for none.
 * @typedef {{ tracks: ReadonlyArray<TextTrack>, shown: number }} Subtitles
 */

/**
 * @param {ParentNode} root
 * @param {{ player: PlayerControls, signal: AbortSignal, onChange?: (subtitles: Subtitles) => void }} parts
 */
export function mountSubtitles(root, { player, signal, onChange = () => {} }) {
  const cues = mountCues(root, { signal });
  const videos = [...player.root.querySelectorAll("video")];
  const backoff = new Backoff({ first_ms: 1_000, limit_ms: 30_000 });
  let wish = wishFrom(recall(KEPT_AS));
  /** @type {Subtitles} */
  let current = { tracks: [], shown: -1 };

  function render() {
    for (const video of videos) {
      const coming = new Set([...video.querySelectorAll("track[data-next]")].map((element) => /** @type {HTMLTrackElement} */ (element).track));
      const all = [...video.textTracks].filter(({ kind }) => KINDS.includes(kind));
      const now = choice(all.filter((track) => !coming.has(track)));
      const next = choice(all.filter((track) => coming.has(track)));
      for (const { tracks, shown } of [now, next]) {
        for (const [place, track] of tracks.entries()) setMode(track, place === shown ? modeIn(video) : "disabled");
      }
      if (video === player.front()) current = now;
    }
    cues.follow(current.tracks[current.shown] ?? null);
    onChange(current);
  }

  /** Which of a programme's tracks this viewer gets. @param {ReadonlyArray<TextTrack>} tracks @returns {Subtitles} */
  const choice = (tracks) => ({ tracks, shown: chosenTrack(wish, tracks) });

  /** @param {number} place −1 for none */
  function choose(place) {
    wish = wishAfter(wish, current.tracks, place);
    keep(KEPT_AS, wish);
    render();
  }

  /** A file that did not come is asked for again; what failed once would stay silent for the whole programme. @param {Event} event */
  function onError({ target }) {
    if (!(target instanceof HTMLTrackElement)) return;
    after(backoff.next(Math.random()), () => {
      if (target.isConnected) target.replaceWith(target.cloneNode()); // the same address again is no reason to load for all browsers
    }, signal);
  }

  onKept(KEPT_AS, (kept) => {
    wish = wishFrom(kept); // chosen in another tab
    render();
  }, signal);
  for (const video of videos) {
    for (const event of ["addtrack", "removetrack"]) video.textTracks.addEventListener(event, render, { signal });
    for (const event of ["webkitbeginfullscreen", "webkitendfullscreen"]) video.addEventListener(event, render, { signal });
  }
  player.root.addEventListener("error", onError, { capture: true, signal });
  player.root.addEventListener("load", ({ target }) => target instanceof HTMLTrackElement && backoff.reset(), { capture: true, signal });
  followAttributes(player.root, ["data-front", "data-next"], render, signal, { subtree: true });
  return { choose, current: () => current };
}

/** Telephones that show a video full screen by themselves have to draw its words too. @param {HTMLVideoElement} video @returns {TextTrackMode} */
const modeIn = (video) => ("webkitDisplayingFullscreen" in video && video.webkitDisplayingFullscreen === true ? "showing" : "hidden");

/** @param {TextTrack} track @param {TextTrackMode} mode */
function setMode(track, mode) {
  if (track.mode !== mode) track.mode = mode;
}
