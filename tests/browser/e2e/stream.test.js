// The channel's stream in a real browser: videos in house format join into one, with a video between them that is not.
// What is on the screen is read back from the picture and compared with what the server announced.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { wrongBy } from "../../../bench/sync/analyse.js";
import { makeClips } from "../../../bench/sync/clips.js";
import { clockOffset, monotonicMs, Observer } from "../../../bench/sync/observer.js";
import { Viewer } from "../../../bench/sync/viewer.js";
import { launchChromium } from "../support/chromium.js";
import { houseFolders, putOnTheStream } from "../support/house.js";
import { faultsFoundByAxe, inStep, newViewer, PATIENCE_MS } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

const WORDS = ["Harbour", "Tram", "Bridge", "Market"];
/** Lengths that put the changes on every phase of the display. */
const HOUSE = [101, 113, 97, 106].map((frames, clip) => ({ frames, sound: true, words: WORDS[clip] }));
/** Of another format: a file that is no part of the stream. */
const FILE_FRAMES = 100;
const SIZE = { width: 640, height: 480 };
/** On a busy machine pictures come late now and then; a lost schedule, a wrong programme or none is seconds away. */
const RIGHT_WITHIN_MS = 300;
const WRONG_SHARE_MAX = 0.08;

/** @type {string} */ let files;
/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Observer} */ let observer;

before(async () => {
  files = await mkdtemp(join(tmpdir(), "onair-files-"));
  const numbered = HOUSE.map(() => ({ frames: 25, sound: false }));
  await makeClips(files, [...numbered, { frames: FILE_FRAMES, sound: true }]);
  for (const [clip] of HOUSE.entries()) await rm(join(files, `clip-${clip}.mp4`));
  const folders = await houseFolders(HOUSE);
  [browser, station] = await Promise.all([launchChromium(), Station.start({ staticDir: files })]);
  await putOnTheStream(station, folders);
  const { offset_ms } = await clockOffset(station.url);
  observer = await Observer.open(station.url, offset_ms);
});
after(async () => {
  observer?.close();
  await browser?.close();
  await station?.stop();
  if (files) await rm(files, { recursive: true, force: true });
});

/** @param {(page: Page) => Promise<unknown>} [prepare] */
const openViewer = (prepare) => Viewer.open(station.url, { browser, size: SIZE, prepare });

/** Waits until the stream is what is shown. @param {Page} page */
const onTheStream = async (page) => {
  await page.locator('video[data-front][src^="blob:"]').waitFor({ state: "attached", timeout: 2 * PATIENCE_MS });
  await inStep(page);
};

/** Counts what must not happen to the picture that is on. @param {Page} page */
const watchTheFront = (page) =>
  page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis);
    seen.disturbed = [];
    for (const type of ["seeking", "waiting", "pause", "stalled", "emptied"]) {
      document.querySelector("video[data-front]")?.addEventListener(type, () => seen.disturbed.push(type));
    }
  });
/** @param {Page} page @returns {Promise<string[]>} */
const disturbances = (page) => page.evaluate(() => /** @type {any} */ (globalThis).disturbed);

/**
 * The share of the last `lastMs` in which the picture was that of the schedule.
 * @param {Viewer} viewer @param {number} lastMs
 */
async function rightShare(viewer, lastMs) {
  const untilMs = monotonicMs() - 100;
  const { showings } = await viewer.look();
  observer.foresee(untilMs + 60_000);
  const errors = Array.from({ length: 200 }, (_, step) => wrongBy(showings, observer.airings, untilMs - (lastMs * step) / 200));
  return errors.filter((error) => error <= RIGHT_WITHIN_MS).length / 200;
}

/** @param {Viewer} viewer */
async function showsTheRightFrame(viewer) {
  const limitMs = monotonicMs() + PATIENCE_MS;
  while ((await rightShare(viewer, 600)) < 0.9) {
    assert.ok(monotonicMs() < limitMs, `the right frame did not come in ${PATIENCE_MS} ms`);
    await setTimeout(100);
  }
}

/** How far what is shown is behind the channel, in milliseconds; each clip is on once in a while. @param {Viewer} viewer */
async function behindOf(viewer) {
  const shown = (await viewer.look()).showings.at(-1);
  const airing = observer.airings.findLast((on) => on.clip === shown?.clip && on.from_ms <= monotonicMs());
  return (shown?.at_ms ?? NaN) - (airing?.from_ms ?? NaN) - 40 * (shown?.frame ?? NaN);
}

/** @param {Viewer} viewer @param {number} fromMs @param {number} toMs */
async function isBehind(viewer, fromMs, toMs) {
  const limitMs = monotonicMs() + PATIENCE_MS;
  let behindMs = NaN;
  while (!(behindMs >= fromMs && behindMs <= toMs)) {
    assert.ok(monotonicMs() < limitMs, `${behindMs} ms behind, not ${fromMs} to ${toMs}`);
    await setTimeout(100);
    behindMs = await behindOf(viewer);
  }
}

/** The next time that clip begins, on the monotonic clock. @param {number} clip */
async function beginning(clip) {
  for (;;) {
    observer.foresee(monotonicMs() + 60_000);
    const airing = observer.airings.find((on) => on.clip === clip && on.from_ms > monotonicMs());
    if (airing) return airing;
    await setTimeout(100);
  }
}
/** That clip on the air, begun lately. @param {number} clip */
async function running(clip) {
  const airing = observer.airings.find((on) => on.clip === clip && on.from_ms < monotonicMs() && on.from_ms > monotonicMs() - 1_500);
  if (airing) return airing;
  const next = await beginning(clip);
  await reached(next.from_ms);
  return next;
}
/** @param {number} atMs */
const reached = (atMs) => setTimeout(Math.max(atMs - monotonicMs(), 0));

test("a round: three changes on one element, without a server, then a file, and a file again before the stream", async () => {
  const first = await running(0);
  const fromMs = monotonicMs();
  const viewer = await openViewer();
  const { page } = viewer;
  await onTheStream(page);
  const onStreamMs = monotonicMs();
  await watchTheFront(page);
  await station.kill();
  await page.locator('[data-player][data-sync="reconnecting"]').waitFor({ state: "attached" });
  await reached(first.to_ms + 1_000);
  await station.boot();
  const last = await beginning(HOUSE.length - 1);
  await reached(last.from_ms + 1_000);
  assert.deepEqual(await disturbances(page), [], "the picture went on as if nothing had happened");
  await reached(last.to_ms + 1_500);
  assert.match((await page.locator("video[data-front]").getAttribute("src")) ?? "", /clip-4/);
  await reached(last.to_ms + 40 * FILE_FRAMES + 1_500);
  const { showings } = await viewer.look();
  const wrong = Array.from({ length: 400 }, (_, step) => onStreamMs + ((monotonicMs() - 100 - onStreamMs) * step) / 400)
    .filter((atMs) => wrongBy(showings, observer.airings, atMs) > RIGHT_WITHIN_MS)
    .map((atMs) => Math.round(atMs - fromMs));
  assert.ok(wrong.length < 400 * WRONG_SHARE_MAX, `of ${Math.round(monotonicMs() - fromMs)} ms the picture was wrong at ${wrong.join(", ")}`);
  await viewer.close();
  observer.close();
  observer = await Observer.open(station.url, (await clockOffset(station.url)).offset_ms);
});

test("a person stops the picture, goes on, goes back, and joins the others again, by keys and by buttons", async () => {
  await running(0);
  const viewer = await openViewer();
  const { page } = viewer;
  await onTheStream(page);
  const player = page.locator("[data-player]");
  const pause = page.getByRole("button", { name: "Pause for me" });
  const live = page.locator("[data-live]");
  assert.ok(await live.isHidden(), "who is with the channel needs no way back to it");

  await pause.focus();
  await page.keyboard.press("Enter");
  await page.locator('[data-player][data-shift="stopped"]').waitFor({ state: "attached" });
  await page.getByRole("status").getByText("Paused for you; the channel goes on").waitFor({ state: "attached" });
  await live.waitFor();
  assert.deepEqual(await faultsFoundByAxe(page), []);
  await page.waitForFunction(() => /0:0[3-9]/.test(document.querySelector("[data-behind]")?.textContent ?? ""));
  const stood = await behindOf(viewer);
  await page.getByRole("button", { name: "Go on" }).press("Enter");
  await page.locator('[data-player][data-shift="behind"]').waitFor({ state: "attached" });
  await isBehind(viewer, 2_500, 8_000);
  assert.ok((await behindOf(viewer)) > stood - 500, "it went on from where it stood");

  await page.keyboard.press("ArrowLeft"); // as far as the stream goes back without a gap
  await isBehind(viewer, 5_000, 20_000);
  await page.keyboard.press("ArrowRight");
  await isBehind(viewer, -200, 8_000);
  await page.keyboard.press("ArrowLeft");
  await isBehind(viewer, 5_000, 20_000);
  await live.focus();
  await page.keyboard.press("Enter");
  await showsTheRightFrame(viewer);
  assert.equal(await player.getAttribute("data-shift"), null);
  assert.ok(await pause.evaluate((element) => element === document.activeElement), "the focus does not go with the button");
  await page.keyboard.press("ArrowRight");
  assert.equal(await player.getAttribute("data-shift"), null, "nobody is ahead of the channel");
  await viewer.close();
});

test("where the stream does not come, files go on", async () => {
  const viewer = await openViewer((page) => page.route("**/vendor/hls.js", (route) => route.abort()));
  const { page } = viewer;
  const address = () => page.locator("video[data-front]").getAttribute("src");
  await showsTheRightFrame(viewer);
  const first = await address();
  const limitMs = monotonicMs() + PATIENCE_MS;
  while ((await address()) === first) {
    assert.ok(monotonicMs() < limitMs, "a change of programme");
    await setTimeout(100);
  }
  await showsTheRightFrame(viewer);
  assert.ok(await page.locator("[data-pause]").isHidden(), "there is no grace without the stream");
  await viewer.close();
});

test("a browser that believes to be without a network finds a server that comes back", async () => {
  await running(0);
  const viewer = await openViewer((page) => page.addInitScript(() => Object.defineProperty(Navigator.prototype, "onLine", { get: () => false })));
  const { page } = viewer;
  await onTheStream(page);
  await watchTheFront(page);
  await station.kill();
  const refused = await page.waitForEvent("requestfailed", { predicate: (one) => one.url().includes("/channels/main/"), timeout: PATIENCE_MS });
  await station.boot();
  await page.waitForResponse((answer) => answer.ok() && answer.url() === refused.url(), { timeout: PATIENCE_MS });
  assert.deepEqual(await disturbances(page), [], "long before the buffer is empty");
  await showsTheRightFrame(viewer);
  await viewer.close();
  observer.close();
  observer = await Observer.open(station.url, (await clockOffset(station.url)).offset_ms);
});

test("words are those of the programme and the second, also after a change on the stream", async () => {
  const { page, leave } = await newViewer(browser);
  await page.addInitScript(() => {
    localStorage.setItem("onair.captions", JSON.stringify({ on: true, language: "en", label: null }));
  });
  await page.goto(station.url);
  await onTheStream(page);
  const said = page.locator("[data-cues]", { hasText: /^\w+ \d$/ });
  /** @type {Set<string>} */
  const programmes = new Set();
  while (programmes.size < 2) {
    await said.waitFor();
    const text = (await said.textContent()) ?? "";
    const nowMs = monotonicMs();
    const clip = WORDS.indexOf(text.split(" ")[0]);
    const airing = observer.airings.findLast((on) => on.clip === clip && on.from_ms <= nowMs);
    const sinceMs = nowMs - (airing?.from_ms ?? NaN) - Number(text.split(" ")[1]) * 1_000;
    assert.ok(sinceMs > -100 && sinceMs < 1_300, `“${text}” ${sinceMs} ms after its second began`);
    programmes.add(WORDS[clip]);
    await setTimeout(500);
  }
  await page.goto(`${station.url}/upload`); // with its last breath the page says how exactly it kept step
  const limitMs = monotonicMs() + PATIENCE_MS;
  while (!/^onair_viewer_drift_seconds_count\{deck="stream"\} [1-9]/m.test(await (await fetch(`${station.url}/metrics`)).text())) {
    assert.ok(monotonicMs() < limitMs, "the page's report is in the metrics");
    await setTimeout(100);
  }
  await leave();
});
