// The ambient screen: only the picture, and what a remote control can do to it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { inStep, newViewer, onTheChannel } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;

before(async () => {
  films = await filmFolder({ "First film.mp4": { seconds: 14 }, "Second film.mp4": { seconds: 15, hue: 120 } });
  browser = await launchChromium();
  station = await Station.start({ staticDir: films.directory });
  await onTheChannel(station, 2);
});
after(async () => {
  await browser?.close();
  await station?.stop();
  await films?.remove();
});

/** @param {Page} page */
const card = (page) => page.locator("[data-title-card]");

test("the title comes with each programme and goes again", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/ambient`);
  await inStep(page);
  await page.locator("[data-title-card][data-shown]").waitFor();
  const first = await card(page).locator("[data-title-card-title]").textContent();
  await page.locator("[data-title-card]:not([data-shown])").waitFor({ state: "attached" });
  await page.waitForFunction((title) => {
    const shown = document.querySelector("[data-title-card][data-shown] [data-title-card-title]")?.textContent;
    return shown && shown !== title;
  }, first);
  await leave();
});

test("the picture fills the screen and nothing else is in reach", async () => {
  const { page, leave } = await newViewer(browser, { viewport: { width: 1920, height: 1080 } });
  await page.goto(`${station.url}/ambient`);
  await inStep(page);
  const box = await page.locator("video[data-front]").boundingBox();
  assert.deepEqual(box, { x: 0, y: 0, width: 1920, height: 1080 });
  assert.equal(await page.locator("a:visible, button:visible, input:visible").count(), 0);
  await leave();
});

test("the first key of a remote makes it full screen, and so does a click", async () => {
  for (const touch of [(/** @type {Page} */ page) => page.keyboard.press("Enter"), (/** @type {Page} */ page) => page.mouse.click(300, 300)]) {
    const { page, leave } = await newViewer(browser);
    await page.goto(`${station.url}/ambient`);
    await inStep(page);
    await touch(page);
    await page.waitForFunction(() => document.fullscreenElement !== null);
    await leave();
  }
});

test("the cursor leaves when nobody moves it, and comes back with a hint", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/ambient`);
  await page.locator("[data-ambient][data-idle]").waitFor();
  assert.equal(await page.locator("[data-ambient]").evaluate((root) => getComputedStyle(root).cursor), "none");
  await page.mouse.move(200, 200);
  await page.locator("[data-ambient]:not([data-idle])").waitFor();
  await page.locator("[data-hint][data-shown]").waitFor();
  await leave();
});

test("off air the clock stands in, shifted so that it burns into no screen", async () => {
  const empty = await Station.start();
  const { page, leave } = await newViewer(browser);
  await page.goto(`${empty.url}/ambient`);
  const clock = page.locator("[data-clock]");
  await page.waitForFunction(() => /^\d\d:\d\d$/.test(document.querySelector("[data-clock]")?.textContent ?? ""));
  assert.ok(await clock.isVisible());
  const shift = await page.locator("[data-ambient]").evaluate((root) => getComputedStyle(root).getPropertyValue("--shift-x"));
  assert.match(shift, /^-?\d+\.\d+vw$/);
  assert.equal(await page.locator("a:visible").count(), 0, "a wall has nobody to click");
  await leave();
  await empty.stop();
});

test("m turns the sound on, Escape and Tab are left to the browser", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/ambient`);
  await inStep(page);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.fullscreenElement), null);
  await page.keyboard.press("m");
  assert.equal(await page.locator("[data-player]").getAttribute("data-muted"), "false");
  assert.equal(await page.evaluate(() => document.fullscreenElement), null);
  await leave();
});
