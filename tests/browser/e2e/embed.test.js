// The player in a frame of a page of another site.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { faultsFoundByAxe, inBothThemes, inStep, newViewer, onTheChannel, overflow, smallTargets } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser } from "playwright-core" */

const SIZES = /** @type {const} */ ([[256, 144], [320, 180], [640, 360], [1280, 720], [360, 640]]);

/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;
/** @type {import("node:http").Server} */ let elsewhere;
let blog = "";

before(async () => {
  films = await filmFolder({ "Harbour at first light.mp4": { seconds: 8 }, "Night tram.mp4": { seconds: 9, hue: 90 } });
  browser = await launchChromium();
  station = await Station.start({ staticDir: films.directory });
  await onTheChannel(station, 2);
  elsewhere = createServer((request, answer) => {
    const framed = new URL(request.url ?? "/", "http://localhost").searchParams.get("framed");
    answer.setHeader("Content-Type", "text/html; charset=utf-8");
    answer.end(`<!doctype html><title>A blog</title><link rel="icon" href="data:,"><iframe width="640" height="360" allow="autoplay; fullscreen" src="${framed}"></iframe>`);
  }).listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (elsewhere.address());
  blog = `http://localhost:${port}/?framed=`; // another site than 127.0.0.1
});
after(async () => {
  elsewhere?.close();
  await browser?.close();
  await station?.stop();
  await films?.remove();
});

test("a page of another site shows the channel, in step, and its visitor turns the sound on", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(blog + encodeURIComponent(`${station.url}/embed`));
  const frame = page.frameLocator("iframe");
  await frame.locator('[data-player][data-state="playing"][data-sync="in-sync"]').waitFor({ state: "attached" });
  await frame.getByRole("button", { name: "Turn the sound on" }).click();
  await frame.locator('[data-player][data-muted="false"]').waitFor({ state: "attached" });
  const { now, next } = await (await fetch(`${station.url}/api/nowplaying`)).json();
  assert.ok([now.title, next.title].includes(await frame.locator("h1").textContent()));
  assert.match((await frame.getByRole("link").getAttribute("aria-label")) ?? "", /^Watch on OnAir/);
  await leave();
});

test("no other page of the station lets itself be framed", async () => {
  const page = await (await browser.newContext()).newPage();
  for (const path of ["/", "/guide", "/upload", "/ambient"]) {
    const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
    await page.goto(blog + encodeURIComponent(station.url + path));
    await refused;
  }
  await page.context().close();
});

test("the controls leave with the pointer and come back with it or with a key", async () => {
  const { page, leave } = await newViewer(browser, { viewport: { width: 640, height: 360 } });
  await page.goto(`${station.url}/embed`);
  await inStep(page);
  const opacity = () => page.evaluate(() => getComputedStyle(/** @type {Element} */ (document.querySelector("[data-controls]"))).opacity);
  await page.waitForFunction(() => getComputedStyle(/** @type {Element} */ (document.querySelector("[data-controls]"))).opacity === "0");
  await page.mouse.move(200, 100);
  await page.waitForFunction(() => getComputedStyle(/** @type {Element} */ (document.querySelector("[data-controls]"))).opacity === "1");
  await page.keyboard.press("m");
  await page.locator('[data-player][data-muted="false"]').waitFor({ state: "attached" });
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => document.querySelector("[data-stage]")?.hasAttribute("data-idle"));
  assert.equal(await opacity(), "1", "whoever uses the keyboard sees where they are");
  await leave();
});

test("in a frame of any size nothing is cut off, too small to hit or wrong for axe", async () => {
  for (const [width, height] of SIZES) {
    const { page, leave } = await newViewer(browser, { viewport: { width, height }, reducedMotion: "reduce" });
    await page.goto(`${station.url}/embed`);
    await inStep(page);
    await page.mouse.move(width / 2, height / 2);
    assert.ok((await overflow(page)) <= 0, `wider than ${width}`);
    assert.deepEqual(await smallTargets(page), [], `${width} × ${height}`);
    assert.deepEqual(await inBothThemes(page, faultsFoundByAxe), [], `${width} × ${height}`);
    await leave();
  }
});
