// axe on every page, in every state, in both themes, under the policy the pages really run under.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { faultsFoundByAxe, inBothThemes, inStep, newViewer, onTheChannel } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Station} */ let empty;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;

before(async () => {
  films = await filmFolder({ "First film.mp4": { seconds: 60 }, "Second film.mp4": { seconds: 60, hue: 120 }, "tape.avi": { seconds: 3, codec: ["-c:v", "mpeg4"], sound: false } });
  await writeFile(join(films.directory, "broken.mp4"), "not a film");
  browser = await launchChromium();
  [station, empty] = await Promise.all([Station.start({ staticDir: films.directory }), Station.start()]);
  await onTheChannel(station, 2);
});
after(async () => {
  await browser?.close();
  await Promise.all([station?.stop(), empty?.stop()]);
  await films?.remove();
});

/** The player answers for these by itself in other tests; here only their looks count. @param {string} state */
const held = (state) => async (/** @type {Page} */ page) => {
  await inStep(page);
  await page.evaluate((wanted) => {
    const player = /** @type {HTMLElement} */ (document.querySelector("[data-player]"));
    const hold = () => player.dataset.state !== wanted && (player.dataset.state = wanted);
    new MutationObserver(hold).observe(player, { attributes: true });
    hold();
  }, state);
};

/** @type {[name: string, path: string, reach: (page: Page) => Promise<unknown>, offAir?: boolean][]} */
const STATES = [
  ["channel with sound", "/", async (page) => (await inStep(page), page.getByRole("button", { name: "Turn the sound on" }).click())],
  ["channel, voted", "/", async (page) => {
    await inStep(page);
    await page.getByRole("button", { name: /^Like/ }).click();
    await page.waitForFunction(() => !document.querySelector("[data-vote][aria-busy]"));
  }],
  ["channel, vote refused", "/", async (page) => {
    await page.route("**/dislike/**", (route) => route.abort());
    await page.getByRole("button", { name: /^Dislike/ }).click();
    await page.getByRole("alert").getByText("vote").waitFor();
  }],
  ["theatre", "/", async (page) => (await inStep(page), page.keyboard.press("t"))],
  ["full screen", "/", async (page) => {
    await inStep(page);
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement);
  }],
  ["keys", "/", async (page) => (await inStep(page), page.keyboard.press("?"))],
  ["channel with what is later", "/", (page) => page.locator("[data-later]:not([hidden])").waitFor({ timeout: 40_000 })],
  ["unsupported", "/", held("unsupported")],
  ["blocked", "/", held("blocked")],
  ["loading", "/", held("loading")],
  ["off air", "/", (page) => page.getByText("Off air").first().waitFor(), true],
  ["ambient", "/ambient", (page) => page.locator("[data-title-card][data-shown]").waitFor()],
  ["ambient off air", "/ambient", (page) => page.locator("[data-clock]").waitFor(), true],
  ["upload", "/upload", async (page) => {
    await page.locator("[data-library-list] > li").first().waitFor();
    await page.locator("[data-files]").setInputFiles([
      { name: "empty.mp4", mimeType: "video/mp4", buffer: Buffer.alloc(0) },
      { name: "notes.mp4", mimeType: "video/mp4", buffer: Buffer.from("notes ".repeat(500)) },
    ]);
    await page.locator('[data-queue-list] > li[data-state="failed"]').nth(1).waitFor();
  }],
  ["upload to an empty station", "/upload", (page) => page.getByText("The shelves are empty").waitFor(), true],
  ["not found", "/no/such/page", (page) => page.getByRole("heading", { level: 1 }).waitFor()],
];

for (const [name, path, reach, offAir] of STATES) {
  test(`axe finds nothing: ${name}`, async () => {
    const { page, leave } = await newViewer(browser, { reducedMotion: "reduce" });
    await page.goto((offAir ? empty : station).url + path);
    await reach(page);
    assert.deepEqual(await inBothThemes(page, faultsFoundByAxe), []);
    await leave();
  });
}

/** A page may come to life in this time, without another programme beginning meanwhile. */
const LONG_ENOUGH_MS = 20_000;

/** Waits until a programme has begun that stays on for a while. */
async function earlyInAProgramme() {
  const closing = new AbortController();
  const answer = await fetch(`${station.url}/api/nowplaying/updates`, { signal: closing.signal });
  let text = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const told = [...text.matchAll(/^data: ?(.*)$/gm)].at(-1);
    if (told && text.endsWith("\n\n") && JSON.parse(told[1]).now?.remaining_ms > LONG_ENOUGH_MS) break;
  }
  closing.abort();
}

test("nothing on the page moves while it comes to life", async () => {
  // Another title may be longer, and what is below it moves: that is a change of programme, which happens to any page.
  await earlyInAProgramme();
  const { page, leave } = await newViewer(browser);
  await page.addInitScript(() => {
    const shifts = /** @type {any} */ (globalThis);
    shifts.moved = [];
    new PerformanceObserver((list) => {
      for (const entry of /** @type {any[]} */ (list.getEntries())) shifts.moved.push(`${entry.value} ${entry.sources?.map((/** @type {any} */ { node }) => node?.className).join()}`);
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(station.url);
  await inStep(page);
  await page.waitForFunction(() => /±/.test(document.querySelector("[data-sync-text]")?.textContent ?? ""));
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).moved), []);
  await leave();
});

test("axe finds nothing on a telephone", async () => {
  for (const path of ["/", "/upload"]) {
    const { page, leave } = await newViewer(browser, { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, reducedMotion: "reduce" });
    await page.goto(station.url + path);
    assert.deepEqual(await faultsFoundByAxe(page), [], path);
    await leave();
  }
});

test("the main page is read in a sensible order: banner, picture, what is on, what is next", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  const order = [];
  for (let press = 0; press < 14; press += 1) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("aria-label") || document.activeElement?.tagName));
  }
  const place = (/** @type {RegExp} */ name) => order.findIndex((text) => name.test(text ?? ""));
  assert.equal(place(/^Skip to the content/), 0);
  assert.ok(place(/^Watch/) < place(/^Turn the sound on/), order.join(" | "));
  assert.ok(place(/^Turn the sound on/) < place(/^Mute/), order.join(" | "));
  assert.ok(place(/^Full screen/) < place(/^Like/), order.join(" | "));
  await leave();
});
