// Uploads straight from the page into a bucket, where its CORS rules allow that; else by the station.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startBucket } from "../support/bucket.js";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { newViewer } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

const NOISE_BYTES = 20_000_000;

/** @type {Browser} */ let browser;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;
/** @type {string} */ let large;

before(async () => {
  films = await filmFolder({ "large.mp4": { seconds: 4 } });
  large = join(films.directory, "large.mp4");
  // Behind the film a box that says nothing (ISO/IEC 14496-12 §8.1.2), so that there are two parts.
  const box = Buffer.alloc(NOISE_BYTES, 7);
  box.writeUInt32BE(NOISE_BYTES, 0);
  box.write("free", 4, "ascii");
  await appendFile(large, box);
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await films?.remove();
});

/** @param {string} file */
const sha256 = async (file) => createHash("sha256").update(await readFile(file)).digest("hex");

/** The methods of what a page sends, by where it goes. @param {Page} page */
function sentBy(page) {
  /** @type {string[]} */
  const sent = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") sent.push(`${request.method()} ${new URL(request.url()).origin}`);
  });
  return sent;
}

/**
 * @param {{ cors: boolean }} rules
 * @param {(parts: { bucket: Awaited<ReturnType<typeof startBucket>>, station: Station }) => Promise<void>} visit
 */
async function withBucket(rules, visit) {
  const bucket = await startBucket(rules);
  const station = await Station.start({ environment: { ...bucket.environment, ONAIR_S3_DIRECT: "on" } });
  try {
    await visit({ bucket, station });
  } finally {
    await station.stop();
    await bucket.stop();
  }
}

test("where the bucket allows it the file goes there in parts, one of which breaks on the way", async () => {
  await withBucket({ cors: true }, async ({ bucket, station }) => {
    const { page, leave } = await newViewer(browser);
    const sent = sentBy(page);
    await page.goto(`${station.url}/upload`);
    await page.route("**/incoming/**partNumber=2**", (route) => route.abort("connectionreset"), { times: 1 });
    // It stands there for a quarter of a second: looked for at every frame, and from before the upload on.
    const lost = page.waitForFunction(() => {
      const words = [...document.querySelectorAll('[data-queue-list] > li[data-state="lost"] *')].map(({ textContent }) => textContent?.trim() ?? "");
      return words.some((text) => /^Connection lost, going on at [1-9]\d* % …$/.test(text));
    });
    await page.locator("[data-files]").setInputFiles(large);
    await lost;
    await page.locator('[data-queue-list] > li[data-state="done"]', { hasText: "Large" }).waitFor();
    assert.equal(sent.filter((request) => request === `PUT ${bucket.endpoint}`).length, 3);
    assert.deepEqual(sent.filter((request) => request.startsWith("PATCH")), []);
    assert.equal(await sha256(join(bucket.objectsDir, "uploads", "large.mp4")), await sha256(large));
    assert.deepEqual(await readdir(join(bucket.objectsDir, "incoming")).catch(() => []), [], "nothing stays on its way");
    const { videos } = await (await fetch(`${station.url}/library`)).json();
    assert.deepEqual(videos.map((/** @type {any} */ { title, source }) => [title, source]), [["Large", "bucket"]]);
    await leave();
  });
});

test("where it does not, the file goes by the station", async () => {
  await withBucket({ cors: false }, async ({ bucket, station }) => {
    const { page, context } = await newViewer(browser);
    const sent = sentBy(page);
    await page.goto(`${station.url}/upload`);
    await page.locator("[data-files]").setInputFiles(large);
    await page.locator('[data-queue-list] > li[data-state="done"]', { hasText: "Large" }).waitFor();
    assert.ok(sent.includes(`PATCH ${station.url}`), sent.join(", "));
    assert.equal(await sha256(join(bucket.objectsDir, "uploads", "large.mp4")), await sha256(large));
    await context.close(); // the browser has complained of the refusal, as it should
  });
});
