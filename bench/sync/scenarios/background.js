// A tab in the background, as people leave one: another tab lies over it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { chromiumPath, FLAGS } from "../../../tests/browser/support/chromium.js";
import { firstRight } from "../analyse.js";
import { monotonicMs } from "../observer.js";
import { onStage, SIZE, sleep } from "../stage.js";
import { Viewer } from "../viewer.js";

/** @import { Browser } from "playwright-core" */
/** @import { Outcome, Wishes } from "../scenarios.js" */

const RETURNS = 3;
const SETTLE_MS = 8_000;
const RETURN_LIMIT_MS = 5_000;

/**
 * A browser whose tabs are hidden when others lie over them; one that playwright starts itself shows all of them at once.
 * @template Result
 * @param {(browser: Browser) => Promise<Result>} use
 */
async function withTabs(use) {
  const profile = await mkdtemp(join(tmpdir(), "onair-bench-profile-"));
  const flags = [...FLAGS, `--window-size=${SIZE.width},${SIZE.height}`, "--remote-debugging-port=0", `--user-data-dir=${profile}`];
  const program = spawn(chromiumPath(), [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(program, "exit");
  try {
    let address;
    for await (const line of createInterface({ input: program.stderr })) {
      address = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address) break;
    }
    if (!address) throw new Error("Chromium did not say where it listens");
    program.stderr.resume();
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    return await use(browser);
  } finally {
    program.kill("SIGKILL");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @param {Wishes} wishes @returns {Promise<Outcome>} */
export const background = ({ stage: options, hidden_seconds }) =>
  onStage(options, (stage) =>
    withTabs(async (browser) => {
      const [context] = browser.contexts();
      const viewer = await Viewer.open(stage.url, { context, size: SIZE });
      const other = await context.newPage();
      await viewer.page.bringToFront();
      await sleep(SETTLE_MS);
      const tookMs = [];
      for (let returned = 0; returned < RETURNS; returned += 1) {
        await other.bringToFront();
        await sleep(hidden_seconds * 1_000);
        await viewer.page.bringToFront();
        await sleep(RETURN_LIMIT_MS + returned * 300); // so that it is hidden at different places of a programme
        tookMs.push(await backAfter(stage.observer, viewer));
      }
      return {
        about: `a tab in the background for ${hidden_seconds} s, ${RETURNS} times`,
        figures: [
          { name: "right frame after the return, max", value: Math.max(...tookMs) / 1_000, unit: "s", digits: 3, target: 0.5 },
          { name: "right frame after the return, min", value: Math.min(...tookMs) / 1_000, unit: "s", digits: 3 },
        ],
        notes: [],
      };
    }),
  );

/** From when the page was told that it is seen again to its first right picture. @param {import("../observer.js").Observer} observer @param {Viewer} viewer */
async function backAfter(observer, viewer) {
  const { showings, happenings } = await viewer.look();
  const [hidden, shown] = ["hidden", "visible"].map((kind) => happenings.findLast((one) => one.kind === kind));
  if (!hidden || !shown || shown.at_ms < hidden.at_ms) throw new Error("the tab was not hidden and shown again");
  const right = firstRight(showings, observer.airings, shown.at_ms, monotonicMs() - 100);
  return right === null ? Infinity : right - shown.at_ms;
}
