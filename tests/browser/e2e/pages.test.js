// The main page against the real station: what it says, its keys, its states.
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { inStep, newViewer, onTheChannel, overflow, smallTargets } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

const SIZES = /** @type {const} */ ([[320, 568], [390, 844], [844, 390], [768, 1024], [1366, 768], [1920, 1080], [3840, 2160]]);

/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;

before(async () => {
  films = await filmFolder({ "Harbour at first light.mp4": { seconds: 8 }, "Night tram.mp4": { seconds: 9, hue: 90 }, "Paper sea.mp4": { seconds: 7, hue: 200 } });
  browser = await launchChromium();
  station = await Station.start({ staticDir: films.directory });
  await onTheChannel(station, 3);
});
after(async () => {
  await browser?.close();
  await station?.stop();
  await films?.remove();
});

/** @param {Page} page @param {string} selector */
const textOf = (page, selector) => page.locator(selector).first().textContent().then((text) => text?.trim() ?? "");
/** @param {string} clock */
const secondsOf = (clock) => clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

test("without a script the page already says what is on, what is next and how it was liked", async () => {
  const { page, leave } = await newViewer(browser, { javaScriptEnabled: false });
  await page.goto(station.url);
  const { videos } = await (await fetch(`${station.url}/videos`)).json();
  const titles = videos.map((/** @type {{ title: string }} */ { title }) => title);
  assert.ok(titles.includes(await textOf(page, "h1")));
  assert.ok(titles.includes(await textOf(page, "[data-next-title]")));
  assert.match(await textOf(page, "[data-elapsed]"), /^0:0\d$/);
  assert.match(await textOf(page, "[data-next] [data-next-in]"), /^\d:\d\d$/);
  assert.equal(await textOf(page, '[data-vote="like"] [data-count]'), "0");
  assert.match((await page.locator("video").getAttribute("src")) ?? "", /^\/static\/.+\.mp4$/);
  await leave();
});

test("what came with the page is enough to play: the stream is only news", async () => {
  const { page, leave } = await newViewer(browser);
  await page.route("**/stream_worker.js*", (route) => route.abort());
  await page.route("**/video-updates*", (route) => route.abort());
  await page.goto(station.url);
  await page.locator('[data-player][data-state="playing"]').waitFor({ state: "attached" });
  await leave();
});

test("the page keeps time: elapsed and remaining add up, and what was next is on at its minute", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  const [elapsed, remaining, max_ms] = await page.evaluate(() => [
    document.querySelector("[data-elapsed]")?.textContent ?? "",
    document.querySelector("[data-remaining]")?.textContent ?? "",
    /** @type {HTMLProgressElement} */ (document.querySelector("[data-progress]")).max,
  ]);
  assert.equal(secondsOf(String(elapsed)) + secondsOf(String(remaining)), Math.ceil(Number(max_ms) / 1_000));
  const next = await textOf(page, "[data-next-title]");
  await page.waitForFunction((title) => document.querySelector("h1")?.textContent === title, next);
  assert.match(await page.title(), new RegExp(`^${next} · `));
  assert.match(await textOf(page, "[data-announcer]"), new RegExp(`^Now on: ${next}$`));
  await page.waitForFunction(() => /^In sync ±\d+ ms$/.test(document.querySelector("[data-sync-text]")?.textContent ?? ""));
  assert.equal(await textOf(page, "[data-viewers-count]"), "1");
  await leave();
});

test("every key of the list does what the list says, and typing into a field is only typing", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  const player = page.locator("[data-player]");
  const muted = () => player.getAttribute("data-muted");

  assert.equal(await muted(), "true");
  await page.keyboard.press("m");
  assert.equal(await muted(), "false");
  assert.ok(await page.locator("[data-unmute]").isHidden(), "whoever has sound is not asked");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await player.getAttribute("data-volume"), "0.9");
  await page.keyboard.press("ArrowUp");
  assert.equal(await player.getAttribute("data-volume"), "0.95");
  assert.equal(await page.locator("[data-osd]").textContent(), "Volume 95 %");

  await page.keyboard.press("t");
  assert.equal(await page.locator("body").getAttribute("data-theatre"), "on");
  await page.keyboard.press("t");
  assert.equal(await page.locator("body").getAttribute("data-theatre"), null);

  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement?.matches("[data-stage]"));
  await page.keyboard.press("f");
  await page.waitForFunction(() => !document.fullscreenElement);

  await page.keyboard.press("?");
  assert.ok(await page.locator("[data-help]").isVisible());
  await page.locator("[data-keys-on]").uncheck();
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("[data-help]").isHidden());
  await page.keyboard.press("m");
  assert.equal(await muted(), "false", "letters are switched off");
  await page.keyboard.press("ArrowUp");
  assert.equal(await player.getAttribute("data-volume"), "1", "arrows are not letters");
  await leave();
});

test("sound is one obvious click away, and the choice is remembered", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  await page.getByRole("button", { name: "Turn the sound on" }).click();
  assert.equal(await page.locator("[data-player]").getAttribute("data-muted"), "false");
  assert.ok(await page.locator("[data-unmute]").isHidden());
  assert.ok(await page.evaluate(() => document.activeElement?.matches("[data-mute]")), "the focus does not get lost");
  assert.equal(await page.getByRole("button", { name: "Mute" }).getAttribute("aria-pressed"), "false");
  await leave();
});

test("picture in picture goes on with the next programme", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  const button = page.getByRole("button", { name: "Picture in picture" });
  await button.click();
  await page.waitForFunction(() => document.pictureInPictureElement?.matches("[data-front]"));
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  const first = await page.evaluateHandle(() => document.pictureInPictureElement);
  await page.waitForFunction((element) => {
    const shown = document.pictureInPictureElement;
    return shown !== element && shown?.matches("[data-front]");
  }, first);
  await button.click();
  await page.waitForFunction(() => !document.pictureInPictureElement);
  assert.equal(await button.getAttribute("aria-pressed"), "false");
  await leave();
});

test("in full screen the controls leave when nobody touches anything, and come back", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  await page.getByRole("button", { name: "Full screen" }).click();
  await page.locator("[data-stage][data-idle]").waitFor();
  await page.waitForFunction(() => getComputedStyle(/** @type {Element} */ (document.querySelector("[data-controls]"))).opacity === "0");
  await page.mouse.move(300, 300);
  await page.waitForFunction(() => getComputedStyle(/** @type {Element} */ (document.querySelector("[data-controls]"))).opacity === "1");
  await leave();
});

test("captions are offered when the programme has some, and only then", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  const button = page.locator("[data-captions]");
  assert.ok(await button.isHidden());
  await page.evaluate(() => {
    const track = /** @type {HTMLVideoElement} */ (document.querySelector("video[data-front]")).addTextTrack("captions", "English", "en");
    track.mode = "hidden";
    track.addCue(new VTTCue(0, 600, "Said <i>aloud</i>"));
  });
  await button.waitFor();
  const mode = () => page.evaluate(() => /** @type {HTMLVideoElement} */ (document.querySelector("video[data-front]")).textTracks[0]?.mode);
  assert.equal(await mode(), "disabled");
  await page.keyboard.press("c");
  assert.equal(await mode(), "hidden", "the page draws the words itself");
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  await page.locator("[data-cues]", { hasText: "Said aloud" }).waitFor();
  await page.keyboard.press("c");
  assert.equal((await page.locator("[data-cues]").textContent())?.trim(), "");
  await leave();
});

test("a lost station is said without a fuss, and found again without a click", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  await station.kill();
  await page.locator('[data-sync-badge][data-kind="reconnecting"]').waitFor();
  await page.getByText("The programme goes on as scheduled").waitFor();
  await station.boot();
  await page.locator('[data-sync-badge][data-kind="in-sync"]').waitFor();
  assert.ok(await page.locator("[data-lost-note]").isHidden());
  await leave();
});

test("a video the browser cannot show has its own slate, with the time of the next one", async () => {
  const { page, leave } = await newViewer(browser);
  await page.route("**/static/**", (route) => route.fulfill({ contentType: "video/mp4", body: "this is no video" }));
  await page.goto(station.url);
  await page.getByText("This browser cannot show this one").waitFor();
  assert.match(await textOf(page, '[data-slate="unsupported"] [data-next-in]'), /^\d:\d\d$/);
  await leave();
});

test("an empty station is off air by design, and the first video starts it by itself", async () => {
  const empty = await Station.start();
  const { page, leave } = await newViewer(browser);
  await page.goto(empty.url);
  await page.getByRole("link", { name: "Put a video on the air" }).waitFor();
  assert.equal(await textOf(page, "h1"), "Nothing is on at the moment");
  assert.ok(await page.locator("[data-controls]").isHidden());
  await copyFile(join(films.directory, "Night tram.mp4"), join(empty.uploadsDir ?? "", "Night tram.mp4"));
  await page.getByRole("heading", { level: 1, name: "Night tram" }).waitFor();
  await inStep(page);
  assert.ok(await page.locator("[data-controls]").isVisible());
  assert.ok(await page.locator("[data-next]").isVisible(), "with one video it is also the next");
  await leave();
  await empty.stop();
});

test("a fault is a page a person can leave: 404 says so and leads back", async () => {
  const { page, leave } = await newViewer(browser);
  const answer = await page.goto(`${station.url}/no/such/page`);
  assert.equal(answer?.status(), 404);
  assert.equal(await textOf(page, "h1"), "Nothing on this frequency");
  await page.getByRole("link", { name: "Back to the channel" }).click();
  await inStep(page);
  await leave();
});

for (const path of ["/", "/upload", "/ambient", "/no/such/page"]) {
  test(`${path} fits a telephone, a laptop and a wall, with targets a thumb can hit`, async () => {
    const { page, leave } = await newViewer(browser);
    await page.goto(station.url + path);
    if (path === "/") await inStep(page);
    if (path === "/upload") await page.locator("[data-library-list] li").first().waitFor();
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      assert.ok((await overflow(page)) <= 0, `wider than ${width} × ${height}`);
      assert.deepEqual(await smallTargets(page), [], `${width} × ${height}`);
    }
    await leave();
  });
}
