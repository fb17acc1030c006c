// Which track of subtitles a viewer gets: what was chosen once holds for every programme that can fulfil it. Pure.

const TEXT_MAX = 200;

/**
 * A track as it is chosen by.
 * @typedef {Readonly<{ language: string, label: string }>} Choice
 *
 * What a viewer wants; `language` is the last one chosen, null if none ever was: then any will do.
 * @typedef {Readonly<{ on: boolean, language: string | null, label: string | null }>} CaptionsWish
 */

/** @type {CaptionsWish} */
export const NO_WISH = Object.freeze({ on: false, language: null, label: null });

/**
 * The wish out of what a browser has kept, whoever wrote it.
 * @param {unknown} kept
 * @returns {CaptionsWish}
 */
export function wishFrom(kept) {
  if (typeof kept !== "object" || kept === null) return Object.freeze({ ...NO_WISH, on: kept === true });
  const { on, language, label } = /** @type {Record<string, unknown>} */ (kept);
  return Object.freeze({ on: on === true, language: short(language), label: short(label) });
}

/** @param {unknown} value */
const short = (value) => (typeof value === "string" && value !== "" && value.length <= TEXT_MAX ? value : null);

/**
 * The place of the track to show, −1 for none: the same language (and of several such the same label), else the
 * same language of another region or script, else none. Nobody is given a language they did not ask for.
 * @param {CaptionsWish} wish
 * @param {ReadonlyArray<Choice>} tracks
 */
export function chosenTrack({ on, language, label }, tracks) {
  if (!on) return -1;
  if (language === null) return tracks.length > 0 ? 0 : -1;
  /** @type {number[]} */
  const ranks = tracks.map((track) => rank(track, language.toLowerCase(), label));
  const best = Math.max(0, ...ranks);
  return best > 0 ? ranks.indexOf(best) : -1;
}

/** How well a track fulfils a wish; 0 if not at all. @param {Choice} track @param {string} wanted @param {string | null} label */
function rank(track, wanted, label) {
  const language = track.language.toLowerCase();
  const primary = primaryOf(wanted);
  if (language === wanted) return track.label === label ? 4 : 3;
  if (language === primary) return 2;
  return primaryOf(language) === primary ? 1 : 0;
}

/** `pt` of `pt-BR`. @param {string} language */
const primaryOf = (language) => language.split("-")[0] ?? language;

/**
 * The wish after a viewer chose the track at `place`, or none (−1): the language is remembered then too.
 * @param {CaptionsWish} wish
 * @param {ReadonlyArray<Choice>} tracks
 * @param {number} place
 * @returns {CaptionsWish}
 */
export function wishAfter(wish, tracks, place) {
  const track = tracks[place];
  if (!track) return Object.freeze({ ...wish, on: false });
  return Object.freeze({ on: true, language: track.language, label: track.label });
}

/**
 * What a single key goes to: from track to track, then off.
 * @param {number} place of the track shown, −1 for none
 * @param {number} count
 */
export const trackAfter = (place, count) => (place + 1 < count ? place + 1 : -1);

/**
 * The cues that are being said, of those a browser calls active: Chromium counts the instant a cue ends as its own,
 * so that a picture standing on a boundary would show two where HTML has one (its end is not part of a cue).
 * @template {Readonly<{ startTime: number, endTime: number }>} Cue
 * @param {ReadonlyArray<Cue>} active
 * @returns {Cue[]}
 */
export const cuesSaid = (active) => active.filter(({ endTime }) => !active.some(({ startTime }) => startTime >= endTime));
