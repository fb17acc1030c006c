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
import { findBinary } from "../../tests/browser/support/station.js";
import { firstRight, quantile } from "./analyse.js";
import { monotonicMs } from "./observer.js";
import { isHit, table } from "./report.js";
import { HOLD_MAX_MS, launchBrowser, onStage, SIZE, sleep } from "./stage.js";
import { agreement, watchTogether } from "./together.js";
import { Viewer } from "./viewer.js";

/** @import { Figure } from "./report.js" */
/** @import { Stage } from "./stage.js" */

const OPENING_LIMIT_MS = 6_000;
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

/**
 * Navigation → first right frame, each time in a fresh profile.
 * @param {Stage} stage @param {number} count
 */
async function measureOpenings({ url, observer }, count) {
  const browser = await launchBrowser();
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

/** @param {Awaited<ReturnType<typeof watchTogether>>} together @param {number[]} openings @returns {Figure[]} */
function figuresOf(together, openings) {
  const all = together.changes.flat();
  return [
    ...agreement(together, { same: sameTarget(together.beliefs.length), p50: 0.2, p95: 1, p99: 16.7, max: 33.4 }),
    { name: "longest hold at a change, max", value: Math.max(...all.map(({ hold_ms }) => hold_ms)), unit: "ms", digits: 1, target: HOLD_MAX_MS },
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

/** @param {Stage} stage @param {number} loadBefore */
async function measure(stage, loadBefore) {
  const { page, house } = options;
  const [viewers, seconds, openings] = [options.viewers, options.seconds, options.openings].map(Number);
  const opened = openings > 0 ? await measureOpenings(stage, openings) : [];
  for (let entered = 0; entered < viewers; entered += 1) await stage.enter();
  const together = await watchTogether(stage, seconds);
  const { shown, ...measured } = together;
  const figures = figuresOf(together, opened);
  const text = [
    `${viewers} viewers of ${page}, ${house ? "640×360, one stream," : "320×180, files,"} 25 fps ${options.sound === "no" ? "without" : "with"} sound, ${together.seconds.toFixed(0)} s,`,
    `${together.changes.flat().length} changes of programme, ${opened.length} openings; pictures read back from the page.${options.converting ? " A conversion runs beside them." : ""}`,
    table(figures),
    `  yardstick: clock known to ±${(stage.clock.trip_ms / 2).toFixed(2)} ms; ${together.unreadable} unreadable pictures; page errors: ${together.page_errors}`,
    `  the pages believe: ${together.beliefs.map(({ state, sync, syncMs }) => `${state} ${sync} ${syncMs} ms`).join(" | ")}`,
    `  load (${cpus().length} processors): ${loadBefore.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after; figures are noisy above ${cpus().length}`,
    "",
  ].join("\n");
  console.log(text);
  if (options.text) await writeFile(options.text, text);
  if (options.json) await writeFile(options.json, JSON.stringify({ options, figures, openings: opened, measured, airings: stage.observer.airings, shown }, null, 1));
  return figures.every(isHit) || !options.strict ? 0 : 1;
}

async function main() {
  const { house, page, url } = options;
  const loadBefore = loadavg()[0];
  const job = options.converting ? convert() : null;
  try {
    return await onStage({ house, page, url, sound: options.sound !== "no" }, (stage) => measure(stage, loadBefore));
  } finally {
    job?.stop();
  }
}

process.exitCode = await main().catch((error) => {
  console.error(error);
  return 2;
});
