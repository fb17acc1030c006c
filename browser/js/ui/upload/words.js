// What is said about an upload. Pure.

import { lengthText, limitText, roughText, sizeText, whenText } from "../format.js";

/** @import { Uploaded } from "../../edges/upload.js" */

/** @param {(string | null | false)[]} parts */
export const listed = (parts) => parts.filter(Boolean).join(" · ");

/**
 * @param {{ sentBytes: number, totalBytes: number, bytesPerSecond: number | null, timeLeftMs: number | null }} progress
 */
export function progressText({ sentBytes, totalBytes, bytesPerSecond, timeLeftMs }) {
  return listed([
    `${sizeText(sentBytes)} of ${sizeText(totalBytes)}`,
    bytesPerSecond !== null && `${sizeText(bytesPerSecond)}/s`,
    timeLeftMs !== null && `${roughText(timeLeftMs)} left`,
  ]);
}

/** @param {number} share of the file that was sent @param {string | null} sentence the server's own */
export const lostText = (share, sentence) => sentence ?? `Connection lost, going on at ${Math.floor(share * 100)} % …`;

/** @param {number} share of the file that the server has */
export const halfSentText = (share) => `${Math.floor(share * 100)} % sent. Choose the file again, and it goes on from there.`;

/** A reason as a person writes it: a capital letter first, a full stop last. @param {string | null} text */
export function asSentence(text) {
  if (!text) return "";
  const sentence = text[0]?.toLocaleUpperCase("en") + text.slice(1);
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}

/**
 * What the station takes.
 * @typedef {Readonly<{ maxBytes: number, endings: ReadonlyArray<string>, direct: boolean }>} UploadLimits
 */

/**
 * Why a file need not even be sent, or null: in the middle of a long one the server's own answer would be lost.
 * @param {{ name: string, size: number }} file
 * @param {Pick<UploadLimits, "maxBytes" | "endings">} limits
 */
export function refusal({ name, size }, { maxBytes, endings }) {
  const isVideoName = endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
  if (!isVideoName) return `“${name}” is not named like a video this station takes (${endings.join(", ")}).`;
  if (size === 0) return `“${name}” is empty.`;
  if (maxBytes > 0 && size > maxBytes) return `“${name}” has ${sizeText(size)}; the limit is ${limitText(maxBytes)}.`;
  return null;
}

/** @param {{ duration_ms: number | null, width: number | null, height: number | null, size_bytes: number | null }} video */
export const factsText = ({ duration_ms, width, height, size_bytes }) =>
  listed([
    duration_ms !== null && lengthText(duration_ms),
    width !== null && height !== null && `${width} × ${height}`,
    size_bytes !== null && sizeText(size_bytes),
  ]);

/** @param {Uploaded} uploaded @param {number} nowMs */
export function outcomeText(uploaded, nowMs) {
  const facts = factsText(uploaded);
  if (uploaded.state !== "ready") return listed(["Kept, waiting for conversion", facts]);
  const when = uploaded.on_air_at_ms;
  return listed([when === null ? "On the channel soon" : `On the air at ${whenText(when, nowMs)}`, facts]);
}
