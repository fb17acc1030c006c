// A station whose programmes are all prepared, so that its endless stream is nothing but programmes.

import { setTimeout as sleep } from "node:timers/promises";

/** @import { Station } from "../browser/support/station.js" */

const LIMIT_MS = 300_000;
const LOOK_EVERY_MS = 250;
/** Players begin three target durations before the end, and are to count changes of programme only. */
const SEGMENTS = 8;

/**
 * Waits until the stream of the channel is listed without a slate for as far as it is known.
 * @param {Station} station @param {number} programmes how many there must be in house format
 */
export async function onTheAir(station, programmes) {
  const limit = performance.now() + LIMIT_MS;
  while (performance.now() < limit) {
    if (await isWhole(station, programmes).catch(() => false)) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`not all was prepared in time:\n${station.output}`);
}

/** @param {Station} station @param {number} programmes */
async function isWhole({ url }, programmes) {
  const { videos } = await (await fetch(`${url}/library`)).json();
  if (videos.filter((/** @type {any} */ { version }) => version === "house").length < programmes) return false;
  const master = await (await fetch(`${url}/channels/main/ts.m3u8`)).text();
  const rung = master.split("\n").find((line) => line !== "" && !line.startsWith("#"));
  const listed = await (await fetch(new URL(rung ?? "", `${url}/channels/main/ts.m3u8`))).text();
  const [last] = listed.split("/slate-").slice(-1);
  return listed.includes("#EXTINF") && (last ?? "").split("#EXTINF").length > SEGMENTS;
}
