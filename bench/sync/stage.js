// What every measurement stands on: a station with numbered clips, an observer of what it announces, and viewers. What was
// opened here is closed here.

import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { launchChromium } from "../../tests/browser/support/chromium.js";
import { houseFolders, putOnTheStream } from "../../tests/browser/support/house.js";
import { Station } from "../../tests/browser/support/station.js";
import { FRAME_MS, TICK_MS } from "./analyse.js";
import { makeClips } from "./clips.js";
import { clockOffset, Observer } from "./observer.js";
import { Viewer } from "./viewer.js";

/** @import { LaunchOptions, Page } from "playwright-core" */

/** Different lengths, so that changes fall on every phase of the display. */
const CLIP_FRAMES = [175, 205, 234, 163, 250, 190];
export const SIZE = { width: 640, height: 480 };
/** A frame and a tick of the display, to the precision that is printed: the longest a picture may stand. */
export const HOLD_MAX_MS = Math.ceil(10 * (FRAME_MS + TICK_MS)) / 10;

/** A signal ends every wait here, so that each measurement tidies up after itself as it does at its end. */
const interruption = new AbortController();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.once(signal, () => interruption.abort(new Error(`ended by ${signal}`)));

/** @param {number} ms */
export async function sleep(ms) {
  await setTimeout(ms, undefined, { signal: interruption.signal }).catch(() => interruption.signal.throwIfAborted());
}

/** A browser that leaves signals to `sleep`. @param {{ flags?: string[] } & LaunchOptions} [options] */
export const launchBrowser = (options) => launchChromium({ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false, ...options });

/**
 * Opens a station: of one endless stream, or of files as they came.
 * @param {{ house: boolean, sound?: boolean, environment?: Record<string, string> }} options
 */
async function startStation({ house, sound = true, environment }) {
  const plans = CLIP_FRAMES.map((frames) => ({ frames, sound }));
  if (house) {
    const folders = await houseFolders(plans);
    const station = await Station.start({ environment });
    try {
      await putOnTheStream(station, folders);
      return station;
    } catch (error) {
      await station.stop();
      throw error;
    }
  }
  const clips = join(tmpdir(), `onair-bench-clips-${sound ? "sound" : "silent"}`);
  await makeClips(clips, plans);
  return Station.start({ staticDir: clips, environment });
}

export class Stage {
  /** @type {Viewer[]} */
  viewers = [];

  /** @param {{ url: string, stop: () => unknown }} station @param {Observer} observer @param {{ trip_ms: number, offset_ms: number }} clock @param {string} url where viewers go */
  constructor(station, observer, clock, url) {
    this.station = station;
    this.observer = observer;
    this.clock = clock;
    this.url = url;
  }

  /**
   * @param {{ house: boolean, sound?: boolean, page?: string, url?: string, host?: string, environment?: Record<string, string> }} options
   * `url` of a station that runs already; `host` by which viewers reach it, if it is another than for programs beside it
   */
  static async open({ page = "/", url, host, ...options }) {
    const station = url ? { url, stop: () => {} } : await startStation(options);
    try {
      const clock = await clockOffset(station.url);
      const address = new URL(page, station.url);
      if (host) address.hostname = host;
      return new Stage(station, await Observer.open(station.url, clock.offset_ms), clock, address.href);
    } catch (error) {
      await station.stop();
      throw error;
    }
  }

  /**
   * A viewer in a browser of their own.
   * @param {{ launch?: { flags?: string[] } & LaunchOptions, prepare?: (page: Page) => Promise<unknown>, hasOwnClock?: boolean }} [options]
   */
  async enter({ launch, ...options } = {}) {
    const browser = await launchBrowser(launch);
    try {
      const viewer = await Viewer.open(this.url, { browser, size: SIZE, ...options });
      this.viewers.push(viewer);
      return viewer;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  async close() {
    this.observer.close();
    await Promise.all(this.viewers.map(({ browser }) => browser.close()));
    await this.station.stop();
  }
}

/**
 * Opens a stage, and closes it however `measure` ends.
 * @template Result
 * @param {Parameters<typeof Stage.open>[0]} options
 * @param {(stage: Stage) => Promise<Result>} measure
 */
export async function onStage(options, measure) {
  const stage = await Stage.open(options);
  try {
    return await measure(stage);
  } finally {
    await stage.close();
  }
}
