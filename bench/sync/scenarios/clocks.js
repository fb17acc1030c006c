// Clocks that are wrong. The browser of one viewer is told another time by libfaketime, which stands between the whole
// process and the C library: every clock it has is the false one, not only what its page can ask for.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lags, meansOf, quantile, sameShare } from "../analyse.js";
import { monotonicMs } from "../observer.js";
import { HOLD_MAX_MS, onStage, sleep } from "../stage.js";
import { lookAll, troublesOf } from "../together.js";
import { seekFigure, shiftFigure } from "./figures.js";

/** @import { Outcome, Wishes } from "../scenarios.js" */
/** @import { Viewer } from "../viewer.js" */

const HOUR_S = 3_600;
/** How long each wall clock is shown, at least. */
const BETWEEN_STEPS_MS = 15_000;
/** libfaketime looks at its file so often. */
const REREAD_S = 1;
const PPM = 100;
/** Errors of a clock that runs wrong are means of this long. */
const STRETCH_MS = 9_000;

/** @returns {string} */
function faketimePath() {
  const places = ["/usr/lib", ...readdirSync("/usr/lib").map((name) => join("/usr/lib", name))];
  const found = places.map((place) => join(place, "faketime/libfaketimeMT.so.1")).find((path) => existsSync(path));
  if (!found) throw new Error("libfaketime is missing: `make bench-sync-scenarios` installs it");
  return found;
}

/** The environment of a browser with another time. @param {Record<string, string>} faketime */
const believing = (faketime) => ({ env: { ...process.env, LD_PRELOAD: faketimePath(), ...faketime } });

/** How far the wall clock of a page is ahead of this machine's, in seconds. @param {Viewer} viewer */
const wallAheadS = async ({ page }) => ((await page.evaluate(() => Date.now())) - Date.now()) / 1_000;

/** Waits until the page's wall clock is `aheadS` ahead. @param {Viewer} viewer @param {number} aheadS */
async function wallStands(viewer, aheadS) {
  const limitMs = monotonicMs() + 1_000 * (REREAD_S + 5);
  while (Math.abs((await wallAheadS(viewer)) - aheadS) > 1) {
    if (monotonicMs() > limitMs) throw new Error("the wall clock of the page did not step");
    await sleep(100);
  }
}

/** @param {Wishes} wishes @returns {Promise<Outcome>} */
export const step = ({ stage: options }) =>
  onStage(options, async (stage) => {
    const folder = await mkdtemp(join(tmpdir(), "onair-bench-clock-"));
    const file = join(folder, "wall");
    const stepTo = (/** @type {number} */ aheadS) => writeFile(file, `${aheadS < 0 ? "-" : "+"}${Math.abs(aheadS)}\n`);
    try {
      await stepTo(0);
      await stage.enter();
      // Only the wall clock; waits are told in the other one, which is the true one then, and need no mending.
      const onlyWall = { FAKETIME_DONT_FAKE_MONOTONIC: "1", FAKETIME_FORCE_MONOTONIC_FIX: "0" };
      const faketime = { FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: String(REREAD_S), ...onlyWall };
      const stepped = await stage.enter({ launch: believing(faketime) });
      await sleep(BETWEEN_STEPS_MS);
      const atMs = monotonicMs();
      for (const aheadS of [HOUR_S, -HOUR_S, 0]) {
        await stepTo(aheadS);
        await wallStands(stepped, aheadS);
        await sleep(BETWEEN_STEPS_MS);
      }
      const { fromMs, untilMs, shown, looks } = await lookAll(stage);
      const { seeks, longest_hold_ms } = troublesOf(looks.slice(1), atMs, untilMs);
      return {
        about: "the wall clock of one browser goes an hour ahead, two back, and one ahead again",
        figures: [
          seekFigure(seeks),
          shiftFigure(shown[1], stage.observer.airings, { fromMs, atMs, untilMs }),
          { name: "longest hold from the first step on", value: longest_hold_ms, unit: "ms", digits: 1, target: HOLD_MAX_MS },
          { name: "same frame as one beside it, before", value: 100 * sameShare(shown, fromMs, atMs), unit: "%", digits: 2 },
          { name: "same frame as one beside it, after", value: 100 * sameShare(shown, atMs, untilMs), unit: "%", digits: 2 },
        ],
        notes: ["libfaketime steps CLOCK_REALTIME of the whole browser; `Date.now()` of the page showed each step"],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

/** @param {Wishes} wishes @returns {Promise<Outcome>} */
export const drift = ({ stage: options, seconds }) =>
  onStage(options, async (stage) => {
    await stage.enter();
    const wrong = [];
    for (const ppm of [PPM, -PPM]) {
      wrong.push(await stage.enter({ hasOwnClock: true, launch: believing({ FAKETIME: `+0 x${1 + ppm / 1e6}` }) }));
    }
    await sleep(seconds * 1_000);
    const { fromMs, untilMs, shown } = await lookAll(stage);
    const [right, ...others] = shown;
    const figures = others.map((showings, place) => {
      const means = meansOf(lags(right, showings, stage.observer.airings, fromMs, untilMs), fromMs, untilMs, STRETCH_MS);
      const name = `beside one whose clock is right, ${place === 0 ? "+" : "−"}${PPM} ppm, worst 9 s`;
      return { name, value: quantile(means.map(Math.abs), 1), unit: "ms", digits: 1, target: 4 };
    });
    return {
      about: `every clock of one browser runs ${PPM} ppm fast, of another as much slow, ${((untilMs - fromMs) / 1_000).toFixed(0)} s`,
      figures,
      notes: [
        `by readings of the pages' clocks they ran ${wrong.map(({ clock_ppm }) => `${clock_ppm.toFixed(0)} ppm`).join(" and ")} off`,
        "libfaketime scales every clock of the whole browser, that of its display and its sound too",
      ],
    };
  });
