// Votes as viewers see them: at once, kept, shared, and honest about failure.
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
  films = await filmFolder({ "The long one.mp4": { seconds: 120 }, "The short one.mp4": { seconds: 100, hue: 120 } });
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
const votesOn = (page) =>
  page.evaluate(() => Object.fromEntries([...document.querySelectorAll("[data-vote]")].map((button) => [
    /** @type {HTMLElement} */ (button).dataset.vote,
    `${button.querySelector("[data-count]")?.textContent} ${button.getAttribute("aria-pressed") === "true" ? "mine" : ""}`.trim(),
  ])));

/** @param {Page} page @param {{ like: string, dislike: string }} wanted */
const votesBecome = (page, wanted) =>
  page.waitForFunction(({ like, dislike }) => {
    const read = (/** @type {string} */ vote) => document.querySelector(`[data-vote="${vote}"] [data-count]`)?.textContent;
    return read("like") === like && read("dislike") === dislike;
  }, wanted);

/** @param {Page} page */
const settled = (page) => page.waitForFunction(() => !document.querySelector("[data-vote][aria-busy]"));

test("a vote shows at once, reaches everybody, moves and is taken back", async () => {
  const [ann, bob] = [await newViewer(browser), await newViewer(browser)];
  for (const { page } of [ann, bob]) {
    await page.goto(station.url);
    await inStep(page);
  }
  const like = ann.page.getByRole("button", { name: /^Like/ });
  await like.click();
  assert.deepEqual(await votesOn(ann.page), { like: "1 mine", dislike: "0" });
  await votesBecome(bob.page, { like: "1", dislike: "0" });
  assert.deepEqual(await votesOn(bob.page), { like: "1", dislike: "0" }, "another's vote is not mine");

  await bob.page.getByRole("button", { name: /^Like/ }).click();
  await votesBecome(ann.page, { like: "2", dislike: "0" });

  await ann.page.getByRole("button", { name: /^Dislike/ }).click();
  assert.deepEqual(await votesOn(ann.page), { like: "1", dislike: "1 mine" });
  await votesBecome(bob.page, { like: "1", dislike: "1" });
  await settled(ann.page);

  await ann.page.reload();
  assert.deepEqual(await votesOn(ann.page), { like: "1", dislike: "1 mine" }, "the page itself knows");
  await inStep(ann.page);
  await ann.page.getByRole("button", { name: /^Dislike/ }).click();
  await votesBecome(bob.page, { like: "1", dislike: "0" });
  assert.deepEqual(await votesOn(ann.page), { like: "1", dislike: "0" });
  await bob.page.getByRole("button", { name: /^Like/ }).click();
  await votesBecome(ann.page, { like: "0", dislike: "0" });
  await ann.leave();
  await bob.leave();
});

test("a vote that cannot be kept goes back to what it was, and says so", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  await page.route("**/like/**", (route) => route.abort());
  await page.getByRole("button", { name: /^Like/ }).click();
  await page.getByRole("alert").getByText("the vote is as it was").waitFor();
  assert.deepEqual(await votesOn(page), { like: "0", dislike: "0" });

  await page.route("**/like/**", (route) =>
    route.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify({ detail: "The disk is full." }) }));
  await page.getByRole("button", { name: /^Like/ }).click();
  await page.getByRole("alert").getByText("The disk is full.").waitFor();
  assert.deepEqual(await votesOn(page), { like: "0", dislike: "0" });
  await leave();
});

test("a vote is remembered when its programme comes round again", async () => {
  const shelf = await filmFolder({ "One.mp4": { seconds: 5 }, "Two.mp4": { seconds: 6, hue: 90 } });
  const round = await Station.start({ staticDir: shelf.directory });
  await onTheChannel(round, 2);
  const { page, leave } = await newViewer(browser);
  await page.goto(round.url);
  await inStep(page);
  await page.waitForFunction(() => document.querySelector("h1")?.textContent === "Two"); // seen to begin with
  await page.getByRole("button", { name: /^Like/ }).click();
  await settled(page);
  await page.reload();
  await page.waitForFunction(() => document.querySelector("h1")?.textContent === "One");
  assert.deepEqual(await votesOn(page), { like: "0", dislike: "0" });
  await page.waitForFunction(() =>
    document.querySelector("h1")?.textContent === "Two" && document.querySelector('[data-vote="like"]')?.getAttribute("aria-pressed") === "true");
  assert.deepEqual(await votesOn(page), { like: "1 mine", dislike: "0" });
  await leave();
  await round.stop();
  await shelf.remove();
});

test("hasty clicks end in what the last one said", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  for (const name of [/^Like/, /^Dislike/, /^Like/, /^Like/, /^Dislike/]) await page.getByRole("button", { name }).click();
  await settled(page);
  assert.deepEqual(await votesOn(page), { like: "0", dislike: "1 mine" });
  await page.reload();
  assert.deepEqual(await votesOn(page), { like: "0", dislike: "1 mine" });
  await inStep(page);
  await page.getByRole("button", { name: /^Dislike/ }).click();
  await settled(page);
  await leave();
});

test("votes work from the keyboard alone", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await inStep(page);
  await page.getByRole("button", { name: /^Like/ }).focus();
  await page.keyboard.press("Enter");
  assert.deepEqual(await votesOn(page), { like: "1 mine", dislike: "0" });
  await page.keyboard.press("Space");
  assert.deepEqual(await votesOn(page), { like: "0", dislike: "0" });
  await settled(page);
  await leave();
});
