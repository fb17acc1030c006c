// hls.js in Chromium, alone on a page: what the channel's own page plays with.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** @import { Browser } from "playwright-core" */
/** @import { Report } from "./heard.js" */

const SCRIPT = readFileSync(createRequire(import.meta.url).resolve("hls.js/dist/hls.min.mjs"), "utf8");
const PAGE = "<!doctype html><title>player</title><video muted autoplay playsinline width=320 height=180></video>";
const START_LIMIT_MS = 30_000;

/** @param {Browser} browser @param {string} name @param {string} origin @param {string} url */
export async function playInHlsJs(browser, name, origin, url) {
  const page = await (await browser.newContext()).newPage();
  await page.route("**/players-test/*", (route) => {
    const isScript = route.request().url().endsWith(".mjs");
    return route.fulfill(isScript ? { contentType: "text/javascript", body: SCRIPT } : { contentType: "text/html", body: PAGE });
  });
  await page.goto(`${origin}/players-test/page`);
  const startedMs = performance.now();
  await page.evaluate(watch, url);
  await page.waitForFunction(() => /** @type {any} */ (globalThis).seen.frames > 0, undefined, { timeout: START_LIMIT_MS });
  const firstFrameMs = performance.now() - startedMs;
  return {
    name,
    /** Goes to another rung, seamlessly. */
    switchRung: () => page.evaluate(() => /** @type {any} */ (globalThis).switchRung()),
    /** @returns {Promise<Report>} */
    async report() {
      const seen = await page.evaluate(() => /** @type {any} */ (globalThis).summary());
      await page.context().close();
      return { name, ...seen, skewMs: null, firstFrameMs };
    },
  };
}

/** Runs in the page. @param {string} url */
async function watch(url) {
  const { default: Hls } = await import(/** @type {any} */ ("/players-test/hls.mjs"));
  const video = /** @type {HTMLVideoElement} */ (document.querySelector("video"));
  const canvas = new OffscreenCanvas(16, 9);
  const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  const seen = {
    frames: 0, stalls: 0, backwards: 0, changes: 0, dark: false,
    first: 0, last: -Infinity, lookedMs: 0, held: 0, errors: /** @type {string[]} */ ([]), heights: new Set(),
  };
  const hls = new Hls({ backBufferLength: 20 });
  hls.on(Hls.Events.ERROR, (/** @type {any} */ _, /** @type {any} */ data) => {
    seen.errors.push(`${data.type}: ${data.details}${data.fatal ? " (fatal)" : ""} ${data.error?.message ?? ""}`);
  });
  hls.on(Hls.Events.LEVEL_SWITCHED, (/** @type {any} */ _, /** @type {any} */ { level }) => seen.heights.add(hls.levels[level].height));
  hls.loadSource(url);
  hls.attachMedia(video);
  video.addEventListener("waiting", () => (seen.stalls += seen.frames > 0 ? 1 : 0));
  video.addEventListener("error", () => seen.errors.push(`video: ${video.error?.message}`));
  const look = (/** @type {number} */ nowMs, /** @type {{ mediaTime: number }} */ { mediaTime }) => {
    // The picture stood still, whatever the events say.
    if (seen.frames > 0) seen.held = Math.max(seen.held, (nowMs - seen.lookedMs) / 1000 - (mediaTime - seen.last));
    seen.lookedMs = nowMs;
    if (seen.frames === 0) seen.first = mediaTime;
    if (mediaTime <= seen.last) seen.backwards += 1;
    seen.last = mediaTime;
    seen.frames += 1;
    brush.drawImage(video, 0, 0, 16, 9);
    const isDark = (brush.getImageData(8, 4, 1, 1).data[1] ?? 0) < 60;
    if (seen.dark && !isDark) seen.changes += 1;
    seen.dark = isDark;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  void video.play().catch(() => undefined); // autoplay does it as well
  Object.assign(globalThis, {
    seen,
    switchRung: () => (hls.nextLevel = (hls.currentLevel + 1) % hls.levels.length),
    summary: () => ({
      changes: Math.max(0, seen.changes - 1),
      seconds: seen.last - seen.first,
      errors: seen.errors,
      stalls: seen.stalls,
      backwards: seen.backwards,
      note: `rungs of ${[...seen.heights].join(", ")} lines; held for ${(seen.held * 1000).toFixed(0)} ms at most`,
    }),
  });
}
