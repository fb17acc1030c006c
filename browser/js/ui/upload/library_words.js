// What is said about a video of the library and its conversion. Pure.

import { roughText } from "../format.js";
import { asSentence, factsText, listed } from "./words.js";

/** @import { Job, Progress, Stage, Step } from "../../core/jobs.js" */
/** @import { LibraryVideo, Version } from "../../edges/library.js" */

const SOURCES = new Map([["static", "the station’s own"], ["uploads", "uploaded"], ["bucket", "from the bucket"]]);

/** @type {Record<Version, string>} */
const VERSIONS = { original: "as it came", quick: "quick version", floor: "small picture", house: "full quality" };

/** @type {Record<Stage, string>} */
const STAGES = {
  quick: "Making a quick version for the air",
  measure: "Measuring the loudness",
  encode: "Converting to full quality",
  verify: "Checking the result",
  stills: "Making the preview pictures",
  subtitles: "Preparing the subtitles",
};

/** @type {Record<Step, string>} */
const WAITING = {
  quick: "Waiting its turn",
  texts: "New subtitles wait their turn",
  floor: "Waiting its turn for the stream",
  house: "Waiting its turn for full quality",
};

/** @type {Record<Step, string>} */
const FAILED = {
  quick: "The conversion failed",
  texts: "The new subtitles could not be put on",
  floor: "The conversion for the stream failed",
  house: "The conversion to full quality failed",
};

/** @param {LibraryVideo} video @param {boolean} isOnAir */
export function stateText({ state, version }, isOnAir) {
  if (state === "ready") return listed([isOnAir ? "On air now" : "On the channel", VERSIONS[version]]);
  return state === "waiting" ? "Waiting for conversion" : "Quarantined";
}

/** @param {LibraryVideo} video */
export function rowFactsText(video) {
  const { captions, source } = video;
  const languages = captions.length > 0 && `subtitles: ${captions.map(({ label }) => label).join(", ")}`;
  return listed([factsText(video), SOURCES.get(source) ?? null, languages]);
}

/**
 * Where a conversion stands. A better version that nobody waits for is not worth a word of its own.
 * @param {Job} job @param {number} nowMs channel time
 */
export function jobText({ state, step, not_before_ms, progress }, nowMs) {
  if (state === "failed") return FAILED[step];
  if (state === "running" && step === "floor" && progress?.stage === "encode") return "Converting for the stream";
  if (state === "running") return progress ? STAGES[progress.stage] : "Starting";
  if (not_before_ms !== null && not_before_ms > nowMs) return `Will be tried again in ${roughText(not_before_ms - nowMs)}`;
  return WAITING[step];
}

/** `42 % · 2.1× · 3 min left`: as much as is known. @param {Progress | null} progress */
export function progressFigures(progress) {
  if (!progress) return "";
  const { done_permille, speed, left_s } = progress;
  return listed([
    `${Math.floor(done_permille / 10)} %`,
    speed !== null && speed > 0 && `${speedText(speed)}`,
    left_s !== null && `${roughText(left_s * 1_000)} left`,
  ]);
}

/** `0.4×`, `2.1×`, `31×`: how much video in how much time. @param {number} speed */
const speedText = (speed) => `${speed < 9.95 ? speed.toFixed(1) : Math.round(speed)}×`;

/**
 * What is said when a conversion has ended: only what a person may have waited for.
 * @param {{ step: Step, failed: boolean }} end
 * @param {string | undefined} title
 */
export function endText({ step, failed }, title = "A video") {
  if (failed) return `${title}: ${step === "texts" ? "the new subtitles could not be put on" : "the conversion failed"}.`;
  if (step === "texts") return `${title} has its new subtitles.`;
  if (step === "floor") return `${title} is there for the stream.`;
  return step === "quick" ? `${title} can go on the air.` : `${title} is there in full quality.`;
}

/** Why it has not worked so far, while that still matters. @param {Job} job */
export function jobReason({ state, failures, reason }) {
  if (state === "running" || failures === 0) return "";
  return asSentence(reason);
}
