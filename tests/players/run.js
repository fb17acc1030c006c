// Real players, each in every form of the stream it takes, over many changes of programme: FFmpeg, mpv, VLC and
// hls.js. In the middle somebody uploads a video, the server is killed and comes again, and hls.js goes to another rung.
// usage: node tests/players/run.js [changes]

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { launchChromium } from "../browser/support/chromium.js";
import { Station } from "../browser/support/station.js";
import { playInFfmpeg } from "./ffmpeg.js";
import { playInHlsJs } from "./hls.js";
import { playInMpv } from "./mpv.js";
import { LATECOMER, PROGRAMMES, makeProgramme, programmeFolder } from "./programmes.js";
import { openRelay } from "./relay.js";
import { onTheAir } from "./station.js";
import { faults, row, table } from "./verdict.js";
import { playInVlc } from "./vlc.js";

/** @import { Report } from "./heard.js" */

const CHANGES = Number(process.argv[2] ?? 50);
const lengths = Object.values(PROGRAMMES).map(({ seconds }) => seconds);
const meanS = lengths.reduce((sum, seconds) => sum + seconds, 0) / lengths.length;
const MOST_TUNE_IN_MS = 1_000;
/** One more than is asked for, and the moments at the beginning. */
const lastingMs = (CHANGES + 2) * meanS * 1000 + 5_000;

const folder = await programmeFolder(PROGRAMMES);
const station = await Station.start({ staticDir: folder.directory, environment: { ONAIR_WORKERS: "1" } });
const relay = await openRelay(station.port);
const browser = await launchChromium();
/** @type {{ name: string, report: () => Promise<Report> }[]} */
const players = [];
let failed = false;
try {
  console.log(`Converting ${lengths.length} programmes.`);
  await onTheAir(station, lengths.length);
  const at = (/** @type {string} */ path) => `${relay.url}/channels/main${path}`;
  const [cmaf, ts, endless] = [at("/master.m3u8"), at("/ts.m3u8"), at(".ts")];

  for (const [name, url] of Object.entries({ "CMAF": cmaf, "TS": ts, "endless": endless })) {
    const tookMs = [await tuneIn(url), await tuneIn(url)];
    console.log(`mpv tunes in to ${name}: first frame after ${tookMs.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
    if (!(Math.min(...tookMs) <= MOST_TUNE_IN_MS)) failed = true;
  }

  console.log(`Playing for ${(lastingMs / 1000).toFixed(0)} s.`);
  const hls = await playInHlsJs(browser, "hls.js, CMAF", relay.url, cmaf);
  players.push(
    hls,
    playInFfmpeg("ffmpeg, CMAF", cmaf), playInFfmpeg("ffmpeg, TS", ts),
    playInMpv("mpv, CMAF", cmaf), playInMpv("mpv, TS", ts),
    playInVlc("vlc, CMAF", cmaf), playInVlc("vlc, TS", ts),
  );
  // A connection that is to last does not outlive the server: these begin when it has come again.
  const quarterMs = lastingMs / 4;
  await sleep(quarterMs);
  await upload();
  await sleep(quarterMs);
  const downMs = await restart();
  console.log(`The server was killed, and came again after ${downMs.toFixed(0)} ms.`);
  players.push(playInFfmpeg("ffmpeg, endless", endless), playInMpv("mpv, endless", endless), playInVlc("vlc, endless", endless));
  await sleep(quarterMs);
  await hls.switchRung();
  await sleep(quarterMs);
  const reports = [];
  for (const player of players) {
    // Some joined when half of it was over.
    const wanted = player.name.endsWith("endless") ? CHANGES / 2 - 1 : CHANGES;
    const report = await player.report();
    if (Number.isNaN(report.changes)) report.changes = Math.floor(report.seconds / meanS);
    const wrong = faults(report, wanted);
    if (wrong.length > 0) failed = true;
    reports.push(row(report, wrong));
  }
  console.log(table(reports));
} catch (error) {
  console.error(error);
  failed = true;
} finally {
  await Promise.all(players.map((player) => player.report().catch(() => null)));
  await browser.close();
  relay.close();
  await station.stop();
  await folder.remove();
}
process.exit(failed ? 1 : 0);

/** How long mpv takes from its start to the first frame. @param {string} url */
async function tuneIn(url) {
  const player = playInMpv("mpv", url);
  const ms = await player.firstFrameMs();
  await player.player.stop();
  return ms;
}

async function upload() {
  const file = join(folder.directory, ".latecomer.mp4");
  await makeProgramme(file, LATECOMER);
  const form = new FormData();
  form.append("video", new Blob([await readFile(file)]), "latecomer.mp4");
  const answer = await fetch(`${station.url}/uploads`, { method: "POST", body: form });
  if (answer.status !== 201) throw new Error(`the upload was refused: ${await answer.text()}`);
  console.log("A video was uploaded.");
}

async function restart() {
  const beganMs = performance.now();
  await station.kill();
  await station.boot();
  return performance.now() - beganMs;
}
