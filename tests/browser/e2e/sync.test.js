// The right frame, whatever happens. What is on the screen is read back from the picture (every frame of the clips
// carries its number) and compared with what the server announced; the page's own word counts for nothing.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { wrongBy } from "../../../bench/sync/analyse.js";
import { makeClips } from "../../../bench/sync/clips.js";
import { clockOffset, monotonicMs, Observer } from "../../../bench/sync/observer.js";
import { Viewer } from "../../../bench/sync/viewer.js";
import { launchChromium } from "../support/chromium.js";
import { inStep, PATIENCE_MS } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

const CLIP_FRAMES = [250, 275, 300];
const SIZE = { width: 640, height: 480 };
/** On a busy machine pictures come a little late; a wrong programme or a lost schedule is seconds away. */
const RIGHT_WITHIN_MS = 100;
const LOOK_BACK_MS = 600;
const POLL_EVERY_MS = 100;

/** @type {string} */ let clips;
/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Observer} */ let observer;

before(async () => {
  clips = await mkdtemp(join(tmpdir(), "onair-clips-"));
  await makeClips(clips, CLIP_FRAMES.map((frames) => ({ frames, sound: true })));
  [browser, station] = await Promise.all([launchChromium(), Station.start({ staticDir: clips })]);
  const { offset_ms } = await clockOffset(station.url);
  observer = await Observer.open(station.url, offset_ms);
});
after(async () => {
  observer?.close();
  await browser?.close();
  await station?.stop();
  if (clips) await rm(clips, { recursive: true, force: true });
});

/** Opens a viewer; `prepare` changes its browser before the page loads. @param {(page: Page) => Promise<unknown>} [prepare] */
const openViewer = (prepare) => Viewer.open(station.url, { browser, size: SIZE, prepare });

/** @param {() => Promise<boolean>} condition @param {string} what */
async function eventually(condition, what) {
  const limitMs = monotonicMs() + PATIENCE_MS;
  while (!(await condition())) {
    assert.ok(monotonicMs() < limitMs, `${what} did not happen in ${PATIENCE_MS} ms`);
    await setTimeout(POLL_EVERY_MS); // asking without a pause would itself disturb the picture
  }
}

/** Waits until the pictures of the last moments were those of the schedule. @param {Viewer} viewer */
async function showsTheRightFrame(viewer) {
  await eventually(async () => {
    const { showings } = await viewer.look();
    const nowMs = monotonicMs();
    observer.foresee(nowMs + 60_000);
    const errors = Array.from({ length: 12 }, (_, step) => wrongBy(showings, observer.airings, nowMs - 50 - (LOOK_BACK_MS * step) / 12));
    return errors.filter((error) => error <= RIGHT_WITHIN_MS).length >= 11;
  }, "the right frame");
}

/** @param {Viewer} viewer @param {number} atMs a monotonic time to come */
const reached = (viewer, atMs) => viewer.page.waitForTimeout(Math.max(atMs - monotonicMs(), 0));

/** @param {Page} page */
const address = (page) => page.locator("video[data-front]").getAttribute("src");

/** Waits until the next programme is parked behind the present one. @param {Page} page */
const nextIsParked = (page) =>
  page.waitForFunction(() => /** @type {HTMLVideoElement | null} */ (document.querySelector("video:not([data-front])[src]"))?.readyState === 4);

test("a viewer shows the scheduled frame, and still does after a change of programme", async () => {
  const viewer = await openViewer();
  await showsTheRightFrame(viewer);
  const first = await address(viewer.page);
  await eventually(async () => (await address(viewer.page)) !== first, "a change of programme");
  await showsTheRightFrame(viewer);
  await inStep(viewer.page);
  await viewer.close();
});

test("the server dies and returns: the picture goes on over the next change, and reconnects by itself", async () => {
  const viewer = await openViewer();
  const { page } = viewer;
  await showsTheRightFrame(viewer);
  await nextIsParked(page);
  const programme = await address(page);
  let seeks = 0;
  await page.exposeFunction("countSeek", () => {
    seeks += 1;
  });
  await page.evaluate(() =>
    document.querySelector("video[data-front]")?.addEventListener("seeking", () => /** @type {any} */ (globalThis).countSeek()),
  );
  await station.kill();
  await page.locator('[data-player][data-sync="reconnecting"]').waitFor({ state: "attached" });
  await eventually(async () => (await address(page)) !== programme, "the change without a server");
  await showsTheRightFrame(viewer);
  await station.boot();
  await inStep(page);
  await showsTheRightFrame(viewer);
  assert.equal(seeks, 0, "the picture never jumped");
  await viewer.close();
});

test("the server stays away until there is nothing left to play, and the picture comes back with it", async () => {
  const viewer = await openViewer();
  const { page } = viewer;
  await showsTheRightFrame(viewer);
  await station.kill();
  await page.waitForFunction(() => {
    const video = /** @type {HTMLVideoElement | null} */ (document.querySelector("video[data-front]"));
    return !video?.src || video.ended || video.error;
  });
  await station.boot();
  await inStep(page);
  await showsTheRightFrame(viewer);
  await viewer.close();
});

test("three tabs of one browser all show it, though a host gets six connections", async () => {
  const first = await openViewer();
  const others = [];
  for (let opened = 0; opened < 2; opened += 1) others.push(await Viewer.open(station.url, { context: first.context, size: SIZE }));
  for (const viewer of [first, ...others]) {
    await viewer.page.bringToFront();
    await showsTheRightFrame(viewer);
  }
  const viewers = await fetch(`${station.url}/metrics`).then((answer) => answer.text());
  assert.match(viewers, /^onair_viewers(?:\{[^}]*\})? 1(?:\.0)?$/m, "three tabs are one viewer to the server");
  await first.close();
});

test("a browser without SharedWorker has its stream in the page", async () => {
  const viewer = await openViewer((page) => page.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedWorker")));
  await showsTheRightFrame(viewer);
  await inStep(viewer.page);
  await viewer.close();
});

test("a worker whose script cannot be had is replaced by a stream in the page", async () => {
  const viewer = await openViewer((page) => page.context().route("**/stream_worker.js*", (route) => route.abort()));
  await inStep(viewer.page);
  await showsTheRightFrame(viewer);
  await viewer.close();
});

test("whatever stops the picture, it is put back", async () => {
  const viewer = await openViewer();
  const { page } = viewer;
  await showsTheRightFrame(viewer);
  await page.evaluate(() => /** @type {HTMLVideoElement} */ (document.querySelector("video[data-front]")).pause());
  await page.locator('[data-player][data-sync="catching-up"]').waitFor({ state: "attached" });
  await inStep(page);
  await showsTheRightFrame(viewer);
  await viewer.close();
});

test("a picture pushed away from the schedule returns to it", async () => {
  const viewer = await openViewer();
  await showsTheRightFrame(viewer);
  await viewer.page.evaluate(() => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector("video[data-front]"));
    video.currentTime = Math.max(video.currentTime - 3, 0);
  });
  await showsTheRightFrame(viewer);
  await viewer.close();
});

test("a page that was frozen, as by sleep, finds the frame of now", async () => {
  const viewer = await openViewer();
  const { page } = viewer;
  await showsTheRightFrame(viewer);
  const session = await page.context().newCDPSession(page);
  const change = observer.airings.find(({ from_ms }) => from_ms > monotonicMs());
  await session.send("Page.setWebLifecycleState", { state: "frozen" });
  await reached(viewer, (change?.from_ms ?? NaN) + 500);
  await session.send("Page.setWebLifecycleState", { state: "active" });
  await showsTheRightFrame(viewer);
  await viewer.close();
});

test("an address that fails once, as an expired one does, is asked again", async () => {
  const next = observer.airings.find(({ from_ms }) => from_ms > monotonicMs());
  let asked = 0;
  const viewer = await openViewer((page) =>
    page.route(`**/clip-${next?.clip}.mp4`, (route) => {
      asked += 1;
      return asked <= 2 ? route.fulfill({ status: 403, body: "expired" }) : route.continue();
    }),
  );
  await showsTheRightFrame(viewer);
  await eventually(async () => (await address(viewer.page))?.includes(`clip-${next?.clip}.`) ?? false, "the next programme");
  await showsTheRightFrame(viewer);
  assert.ok(asked > 2, `asked ${asked} times`);
  await viewer.close();
});

test("sound without a picture is said to be unsupported, and the next programme is shown", async () => {
  const file = join(clips, "..", `onair-sound-${process.pid}.mp4`);
  const ffmpeg = spawn("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=12", "-c:a", "aac", "-movflags", "+faststart", file]);
  await once(ffmpeg, "exit");
  const sound = await readFile(file);
  await rm(file);
  const airing = observer.airings.findLast(({ from_ms }) => from_ms <= monotonicMs());
  const viewer = await openViewer((page) =>
    page.route(`**/clip-${airing?.clip}.mp4`, (route) => route.fulfill({ body: sound, contentType: "video/mp4" })),
  );
  const state = viewer.page.locator("[data-player]");
  await eventually(async () => {
    const now = await state.getAttribute("data-state");
    return now === "unsupported" || (airing?.to_ms ?? 0) < monotonicMs();
  }, "the word unsupported");
  await showsTheRightFrame(viewer);
  assert.equal(await state.getAttribute("data-state"), "playing");
  await viewer.close();
});

test("a browser that plays nothing unasked says so, and plays when a person asks", async () => {
  const viewer = await openViewer((page) =>
    page.addInitScript(() => {
      let asked = false; // not navigator.userActivation: the test's own questions count as gestures
      addEventListener("click", () => { asked = true; }, { capture: true });
      const { play } = HTMLMediaElement.prototype;
      HTMLMediaElement.prototype.play = function refusing() {
        if (asked) return play.call(this);
        return Promise.reject(new DOMException("a person must ask first", "NotAllowedError"));
      };
    }),
  );
  const { page } = viewer;
  await page.locator('[data-player][data-state="blocked"]').waitFor({ state: "attached" });
  await page.locator("[data-unblock]").click();
  await showsTheRightFrame(viewer);
  await viewer.close();
});
