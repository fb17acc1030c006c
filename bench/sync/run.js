// make bench-sync: how closely real Chromium viewers agree on the frame.
//
//   node bench/sync/run.js [--viewers=2] [--seconds=90] [--openings=15] [--page=/] [--sound=yes|no]
//                          [--house] [--converting] [--url=STATION] [--json=FILE] [--text=FILE] [--strict]
//
// Starts the release binary on a free port with numbered clips of its own and opens one browser process per
// viewer. With --house the clips are prepared first, so that the channel is one stream and every change one within it. Exits with 0 when everything could be measured, also when a target is missed; with --strict a miss
// exits with 1. Could something not be measured, it exits with 2.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launchChromium } from "../../tests/browser/support/chromium.js";
import { houseFolders, putOnTheStream } from "../../tests/browser/support/house.js";
import { findBinary, Station } from "../../tests/browser/support/station.js";
import { changes, firstRight, FRAME_MS, quantile, sameShare, spreads, TICK_MS, wrongBy } from "./analyse.js";
import { makeClips } from "./clips.js";
import { clockOffset, monotonicMs, Observer } from "./observer.js";
import { isHit, table } from "./report.js";
import { Viewer } from "./viewer.js";

/** @import { ClipPlan } from "./clips.js" */
/** @import { Figure } from "./report.js" */

/** Different lengths, so that changes fall on every phase of the display. */
const CLIP_FRAMES = [175, 205, 234, 163, 250, 190];
const SIZE = { width: 640, height: 480 };
/** Figures of viewers together start this long after the last one showed its first right frame. */
const SETTLE_MS = 2_000;
const OPENING_LIMIT_MS = 6_000;
/** A frame and a tick of the display, to the precision that is printed. */
const HOLD_MAX_MS = Math.ceil(10 * (FRAME_MS + TICK_MS)) / 10;
/** Of the time in which all screens are to show the same frame, in percent, by how many there are. */
const sameTarget = (/** @type {number} */ viewers) => (viewers > 2 ? 97 : 99);

const { values: options } = parseArgs({
  options: {
    viewers: { type: "string", default: "2" },
    seconds: { type: "string", default: "90" },
    openings: { type: "string", default: "15" },
    page: { type: "string", default: "/" },
    sound: { type: "string", default: "yes" },
    house: { type: "boolean", default: false },
    converting: { type: "boolean", default: false },
    url: { type: "string" },
    json: { type: "string" },
    text: { type: "string" },
    strict: { type: "boolean", default: false },
  },
});

const sleep = (/** @type {number} */ ms) => new Promise((then) => setTimeout(then, ms));

/**
 * Navigation → first right frame, each time in a fresh profile.
 * @param {string} url @param {Observer} observer @param {number} count
 */
async function measureOpenings(url, observer, count) {
  const browser = await launchChromium();
  const tookMs = [];
  try {
    for (let done = 0; done < count; done += 1) {
      await sleep(150 + ((done * 397) % 900)); // land on every part of a programme
      const viewer = await Viewer.open(url, { browser, size: SIZE });
      let right = null;
      while (right === null && monotonicMs() < viewer.opened_ms + OPENING_LIMIT_MS) {
        await sleep(400);
        const { showings } = await viewer.look();
        right = firstRight(showings, observer.airings, viewer.opened_ms, monotonicMs() - 50);
      }
      tookMs.push(right === null ? Infinity : right - viewer.opened_ms);
      await viewer.close();
    }
  } finally {
    await browser.close();
  }
  return tookMs;
}

/**
 * All viewers together for a while.
 * @param {string} url @param {Observer} observer @param {number} count @param {number} seconds
 */
async function measureTogether(url, observer, count, seconds) {
  /** @type {Viewer[]} */
  const viewers = [];
  try {
    for (let opened = 0; opened < count; opened += 1) viewers.push(await Viewer.open(url, { size: SIZE }));
    await sleep(3_000 + seconds * 1_000);
    const untilMs = monotonicMs() - 500;
    const looks = await Promise.all(viewers.map((viewer) => viewer.look()));
    const shown = looks.map(({ showings }) => showings);
    const { airings } = observer;
    const joined = viewers.map((viewer, place) => firstRight(shown[place], airings, viewer.opened_ms, untilMs) ?? NaN);
    const fromMs = Math.max(...joined) + SETTLE_MS;
    if (!(fromMs < untilMs)) throw new Error("a viewer never showed the right frame");
    const lateness = shown.map((showings) =>
      Array.from({ length: 400 }, (_, step) => wrongBy(showings, airings, fromMs + ((untilMs - fromMs) * step) / 400)),
    );
    return {
      seconds: (untilMs - fromMs) / 1_000,
      same: sameShare(shown, fromMs, untilMs),
      spreads: spreads(shown, airings, fromMs, untilMs),
      changes: shown.map((showings) => changes(showings, airings, fromMs, untilMs)),
      wrong: lateness.flat(),
      unreadable: looks.reduce((sum, look) => sum + look.unreadable, 0),
      beliefs: await Promise.all(viewers.map((viewer) => viewer.belief())),
      page_errors: viewers.reduce((sum, viewer) => sum + viewer.errors, 0),
      shown,
    };
  } finally {
    await Promise.all(viewers.map((viewer) => viewer.browser.close()));
  }
}

/** @param {Awaited<ReturnType<typeof measureTogether>>} together @param {number[]} openings @returns {Figure[]} */
function figuresOf(together, openings) {
  const all = together.changes.flat();
  const ms = (/** @type {string} */ name, /** @type {number} */ value, /** @type {number} */ digits, /** @type {number} */ target) =>
    ({ name, value, unit: "ms", digits, target });
  return [
    { name: "same frame on all screens", value: 100 * together.same, unit: "%", digits: 2, target: sameTarget(together.beliefs.length), at_least: true },
    ms("spread per frame, p50", quantile(together.spreads, 0.5), 2, 0.2),
    ms("spread per frame, p95", quantile(together.spreads, 0.95), 2, 1),
    ms("spread per frame, p99", quantile(together.spreads, 0.99), 2, 16.7),
    ms("spread per frame, max", Math.max(...together.spreads), 2, 33.4),
    ms("longest hold at a change, max", Math.max(...all.map(({ hold_ms }) => hold_ms)), 1, HOLD_MAX_MS),
    { name: "longest hold at a change, p50", value: quantile(all.map(({ hold_ms }) => hold_ms), 0.5), unit: "ms", digits: 1 },
    { name: "frames lost per change, mean", value: all.reduce((sum, { lost }) => sum + lost, 0) / all.length, unit: "", digits: 2, target: 0 },
    { name: "off the schedule, p95", value: quantile(together.wrong, 0.95), unit: "ms", digits: 1 },
    ...(openings.length > 0
      ? [
          { name: "navigation → first right frame, p50", value: quantile(openings, 0.5) / 1_000, unit: "s", digits: 3, target: 0.4 },
          { name: "navigation → first right frame, p95", value: quantile(openings, 0.95) / 1_000, unit: "s", digits: 3, target: 0.8 },
        ]
      : []),
  ];
}

/** A station whose programmes are files as they came. @param {ReadonlyArray<ClipPlan>} plans */
async function startFiles(plans) {
  const clips = join(tmpdir(), `onair-bench-clips-${plans[0].sound ? "sound" : "silent"}`);
  await makeClips(clips, plans);
  return Station.start({ staticDir: clips });
}

/** A station whose programmes are in house format. @param {ReadonlyArray<ClipPlan>} plans */
async function startHouse(plans) {
  const folders = await houseFolders(plans);
  const station = await Station.start();
  await putOnTheStream(station, folders);
  return station;
}

/** Converts a long film over and over, as far back as a station's own jobs stand. @returns {{ stop: () => void }} */
function convert() {
  const film = ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=25:duration=20", "-c:v", "libx264", "-preset", "ultrafast"];
  const script = `ffmpeg -nostdin -v error -y "$@" "$0/film.mp4" && while "$ONAIR" process "$0/film.mp4" --into "$0/made" >"$0/said"; do rm -r "$0/made"; done`;
  const folder = mkdtempSync(join(tmpdir(), "onair-bench-converting-"));
  const job = spawn("nice", ["-n", "10", "bash", "-c", script, folder, ...film], { detached: true, stdio: "ignore", env: { ...process.env, ONAIR: findBinary() } });
  return {
    stop() {
      if (job.pid) process.kill(-job.pid, "SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function main() {
  const viewers = Number(options.viewers);
  const sound = options.sound !== "no";
  const { house } = options;
  const start = house ? startHouse : startFiles;
  const loadBefore = loadavg()[0];
  const station = options.url ? { url: options.url, stop: () => {} } : await start(CLIP_FRAMES.map((frames) => ({ frames, sound })));
  const job = options.converting ? convert() : null;
  /** @type {Observer | null} */
  let observer = null;
  try {
    const { offset_ms, trip_ms } = await clockOffset(station.url);
    observer = await Observer.open(station.url, offset_ms);
    const url = station.url + options.page;
    const openings = Number(options.openings) > 0 ? await measureOpenings(url, observer, Number(options.openings)) : [];
    const together = await measureTogether(url, observer, viewers, Number(options.seconds));
    const { shown, ...measured } = together;
    const figures = figuresOf(together, openings);
    const text = [
      `${viewers} viewers of ${options.page}, ${house ? "640×360, one stream," : "320×180, files,"} 25 fps ${sound ? "with" : "without"} sound, ${together.seconds.toFixed(0)} s,`,
      `${together.changes.flat().length} changes of programme, ${openings.length} openings; pictures read back from the page.${options.converting ? " A conversion runs beside them." : ""}`,
      table(figures),
      `  yardstick: clock known to ±${(trip_ms / 2).toFixed(2)} ms; ${together.unreadable} unreadable pictures; page errors: ${together.page_errors}`,
      `  the pages believe: ${together.beliefs.map(({ state, sync, syncMs }) => `${state} ${sync} ${syncMs} ms`).join(" | ")}`,
      `  load (${cpus().length} processors): ${loadBefore.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after; figures are noisy above ${cpus().length}`,
      "",
    ].join("\n");
    console.log(text);
    if (options.text) await writeFile(options.text, text);
    if (options.json) await writeFile(options.json, JSON.stringify({ options, figures, openings, measured, airings: observer.airings, shown }, null, 1));
    return figures.every(isHit) || !options.strict ? 0 : 1;
  } finally {
    observer?.close();
    job?.stop();
    await station.stop();
  }
}

process.exitCode = await main().catch((error) => {
  console.error(error);
  return 2;
});
