// Uploads that are interrupted in every way there is, and arrive all the same.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium } from "../support/chromium.js";
import { filmFolder, makeFilm } from "../support/films.js";
import { newViewer } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, BrowserContext, Page } from "playwright-core" */

/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;
/** @type {string} */ let large;

before(async () => {
  films = await filmFolder({ "tram.mp4": { seconds: 5, hue: 90 } });
  large = await makeFilm(join(films.directory, "large.mp4"), { seconds: 20, codec: ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "1"] });
  browser = await launchChromium();
  station = await Station.start({});
});
after(async () => {
  await browser?.close();
  await station?.stop();
  await films?.remove();
});

/** @param {Page} page @param {string} name @param {string} state */
const item = (page, name, state) => page.locator(`[data-queue-list] > li[data-state="${state}"]`, { hasText: name });

/**
 * Makes the page's way to the server slow, until the function it returns is called.
 * @param {BrowserContext} context
 * @param {Page} page
 */
async function slowDown(context, page) {
  const network = await context.newCDPSession(page);
  const sendAt = (/** @type {number} */ uploadThroughput) =>
    network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await network.send("Network.enable");
  await sendAt(600_000);
  return () => sendAt(-1);
}

/** Where the server said that uploads go on. @param {Page} page */
function offsetsTold(page) {
  /** @type {number[]} */
  const offsets = [];
  page.on("response", (response) => {
    if (response.request().method() === "HEAD") offsets.push(Number(response.headers()["upload-offset"]));
  });
  return offsets;
}

/** Every stored file with its SHA-256, hidden ones included. */
async function stored() {
  const names = await readdir(String(station.uploadsDir));
  return Promise.all(names.sort().map(async (name) => [name, await sha256(join(String(station.uploadsDir), name))]));
}

/** @param {string} file */
const sha256 = async (file) => createHash("sha256").update(await readFile(file)).digest("hex");

/** Part of the file is on its way. @param {Page} page */
async function untilHalfWay(page) {
  await item(page, "large.mp4", "sending").getByText(/MB of .+ · .+\/s · .+ left/).first().waitFor();
}

test("a broken connection goes on by itself", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  await page.route("**/uploads/tus/*", (route) => route.abort("connectionreset"), { times: 1 });
  await page.locator("[data-files]").setInputFiles(join(films.directory, "tram.mp4"));
  await item(page, "tram.mp4", "lost").getByText("Connection lost, going on at 0 % …").waitFor();
  await item(page, "Tram", "done").waitFor();
  await leave();
});

test("a station that is killed during an upload gets the rest when it is back, and the file is whole", async () => {
  const { page, context, leave } = await newViewer(browser);
  const offsets = offsetsTold(page);
  await page.goto(`${station.url}/upload`);
  const speedUp = await slowDown(context, page);
  await page.locator("[data-files]").setInputFiles(large);
  await untilHalfWay(page);
  await station.kill();
  await item(page, "large.mp4", "lost").getByText(/^Connection lost, going on at [1-9]\d* % …$/).waitFor();
  await speedUp();
  await station.boot();
  await item(page, "Large", "done").waitFor();
  assert.ok(offsets.length > 0 && Number(offsets.at(-1)) > 0, `it went on where it was: ${offsets}`);
  const kept = await stored();
  assert.deepEqual(kept.filter(([name]) => name !== "tram.mp4"), [["large.mp4", await sha256(large)]]);
  await leave();
});

test("a reloaded page offers to go on, and does when the same file is chosen", async () => {
  const { page, context, leave } = await newViewer(browser);
  const offsets = offsetsTold(page);
  page.on("dialog", (dialog) => void dialog.accept());
  await page.goto(`${station.url}/upload`);
  const speedUp = await slowDown(context, page);
  await page.locator("[data-files]").setInputFiles(large);
  await untilHalfWay(page);
  await page.reload();
  await item(page, "large.mp4", "half-sent").getByText(/^[1-9]\d* % sent\. Choose the file again/).waitFor();
  assert.equal(offsets.length, 0, "asking how far it is disturbs nobody who sends it");
  await speedUp();
  await page.locator("[data-files]").setInputFiles(large);
  await item(page, "Large", "done").waitFor();
  assert.equal(await page.locator("[data-queue-list] > li").count(), 1);
  assert.ok(Number(offsets[0]) > 0, `it went on where it was: ${offsets}`);
  assert.deepEqual((await stored()).find(([name]) => name === "large-2.mp4"), ["large-2.mp4", await sha256(large)]);
  await page.reload();
  await page.locator("[data-library-list] > li").first().waitFor();
  assert.equal(await page.locator("[data-queue-list] > li").count(), 0, "there is nothing left to go on with");
  await leave();
});

test("what was left half-sent can be thrown away, and the same file then begins anew", async () => {
  const { page, context, leave } = await newViewer(browser);
  page.on("dialog", (dialog) => void dialog.accept());
  const before_ = await stored();
  await page.goto(`${station.url}/upload`);
  await slowDown(context, page);
  await page.locator("[data-files]").setInputFiles(large);
  await untilHalfWay(page);
  await page.reload();
  const removed = page.waitForResponse((response) => response.request().method() === "DELETE");
  await page.getByRole("button", { name: "Throw away what was sent of large.mp4" }).click();
  assert.equal((await removed).status(), 204);
  assert.deepEqual(await stored(), before_);
  assert.ok(await page.locator("[data-queue]").isHidden());
  await leave();
});

test("one file chosen twice, or in two tabs, is two uploads that do not disturb each other", async () => {
  const { page, context, leave } = await newViewer(browser);
  const offsets = offsetsTold(page);
  await page.goto(`${station.url}/upload`);
  const speedUp = await slowDown(context, page);
  await page.locator("[data-files]").setInputFiles(large);
  await page.locator("[data-files]").setInputFiles(large);
  const other = await context.newPage();
  await other.goto(`${station.url}/upload`);
  await untilHalfWay(page);
  await other.locator("[data-files]").setInputFiles(large);
  await item(other, "Large", "done").waitFor();
  await speedUp();
  await item(page, "Large", "done").nth(1).waitFor();
  assert.deepEqual(offsets, [], "none was interrupted");
  await leave();
});

test("without any script of ours the form sends itself", async () => {
  const { page, leave } = await newViewer(browser, { javaScriptEnabled: false });
  await page.goto(`${station.url}/upload`);
  await page.getByLabel("Title").fill("By hand");
  await page.locator("[data-files]").setInputFiles(join(films.directory, "tram.mp4"));
  const answered = page.waitForResponse((response) => response.url().endsWith("/uploads"));
  await page.getByRole("button", { name: "Upload" }).click();
  assert.equal((await answered).status(), 201);
  await leave();
});
