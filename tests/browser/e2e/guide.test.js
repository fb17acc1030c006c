// The guide against the real station: it says what the stream says, also after the schedule has changed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { faultsFoundByAxe, inBothThemes, newViewer, onTheChannel, overflow, smallTargets } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

const SIZES = /** @type {const} */ ([[320, 568], [390, 844], [844, 390], [768, 1024], [1366, 768], [1920, 1080], [3840, 2160]]);
const SMALL = ["-c:v", "libx264", "-preset", "ultrafast", "-r", "1"];

/** @type {Browser} */ let browser;
/** @type {Station} */ let clips;
/** @type {Station} */ let evening;
/** @type {Station} */ let empty;
/** @type {Awaited<ReturnType<typeof filmFolder>>[]} */ let folders;

before(async () => {
  folders = await Promise.all([
    filmFolder({ "Harbour at first light.mp4": { seconds: 4 }, "Night tram.mp4": { seconds: 5, hue: 90 }, "Paper sea.mp4": { seconds: 3, hue: 200 } }),
    // Two rounds an hour at the most: a day of it is a list.
    filmFolder({ "The lighthouse keeper.mp4": { seconds: 1_000, sound: false, codec: SMALL }, "Über den Wolken.mp4": { seconds: 900, sound: false, codec: SMALL } }),
    filmFolder({ "Kites.mp4": { seconds: 6, hue: 30 } }),
  ]);
  browser = await launchChromium();
  [clips, evening, empty] = await Promise.all([
    Station.start({ staticDir: folders[0]?.directory ?? "" }),
    Station.start({ staticDir: folders[1]?.directory ?? "" }),
    Station.start(),
  ]);
  await Promise.all([onTheChannel(clips, 3), onTheChannel(evening, 2)]);
});
after(async () => {
  await browser?.close();
  await Promise.all([clips, evening, empty].map((station) => station?.stop()));
  await Promise.all((folders ?? []).map(({ remove }) => remove()));
});

/** What the stream says at once. @param {Station} station */
async function told({ url }) {
  const answer = await fetch(`${url}/video-updates?watching=false`);
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!/^data:.*\n\n/m.test(text)) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the stream says nothing");
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return JSON.parse(/^data:(.*)$/m.exec(text)?.[1] ?? "null");
}

/** What the page says is on, and from when: both its places must agree. @param {Page} page */
const shownNow = (page) =>
  page.evaluate(() => {
    const row = document.querySelector('[data-slot][data-state="now"]');
    const next = document.querySelector('[data-slot][data-state="next"]');
    const titleOf = (/** @type {Element | null} */ slot) => slot?.querySelector("[data-slot-title]")?.textContent ?? null;
    const startOf = (/** @type {Element | null} */ slot) => Date.parse(slot?.querySelector("time")?.getAttribute("datetime") ?? "");
    return {
      now: titleOf(row), started_at_ms: startOf(row), beside: document.querySelector("[data-now-title]")?.textContent ?? null,
      next: titleOf(next), next_at_ms: startOf(next),
    };
  });

/** Waits until page and stream speak of the same programme, then compares all they say. @param {Page} page @param {Station} station */
async function agree(page, station) {
  for (let tries = 0; tries < 100; tries += 1) {
    const { current, next } = await told(station);
    const shown = await shownNow(page);
    if (shown.now !== current.title || shown.beside !== current.title) continue; // one of them was a moment earlier
    assert.deepEqual(
      [shown.started_at_ms, shown.next, shown.next_at_ms],
      [current.started_at_ms, next.title, next.started_at_ms],
      "the guide and the stream agree to the millisecond",
    );
    return current;
  }
  throw new Error("the guide and the stream never agree");
}

/** @param {Page} page @param {Station} station */
async function open(page, station) {
  await page.goto(`${station.url}/guide`);
  await page.locator('[data-slot][data-state="now"]').waitFor();
}

test("what the guide says is on and next is what the stream says, programme after programme", async () => {
  const { page, leave } = await newViewer(browser);
  await open(page, clips);
  const first = await agree(page, clips);
  await page.waitForFunction((title) => document.querySelector('[data-state="now"] [data-slot-title]')?.textContent !== title, first.title);
  const second = await agree(page, clips);
  assert.notEqual(second.id, first.id);
  const order = await page.locator("[data-slot-title]").allTextContents();
  assert.equal(order.length, 3, "a round of three, each once");
  assert.equal(order[0], second.title, "what is on stands first");
  const [early, late] = await page.locator('[data-state="now"] [data-slot-progress]').evaluate((/** @type {HTMLProgressElement} */ bar) =>
    new Promise((then) => {
      const shown = bar.value;
      const look = () => (bar.value === shown ? requestAnimationFrame(look) : then([shown, bar.value]));
      look();
    }));
  assert.notEqual(early, late, "the line moves");
  await leave();
});

test("an upload is in the guide at once, at the time the uploader is told", async () => {
  const { page, leave } = await newViewer(browser);
  await open(page, clips);
  const form = new FormData();
  const file = await readFile(join(folders[2]?.directory ?? "", "Kites.mp4"));
  form.append("video", new Blob([file]), "Kites.mp4");
  const answer = await (await fetch(`${clips.url}/uploads`, { method: "POST", body: form })).json();
  assert.equal(answer.success, true, JSON.stringify(answer));
  const row = page.locator("[data-slot]", { hasText: "Kites" });
  await row.waitFor();
  const { on_air_at_ms } = await (await fetch(`${clips.url}/library`)).json().then(({ videos }) => videos.find((/** @type {any} */ { title }) => title === "Kites"));
  assert.equal(Date.parse((await row.locator("time").getAttribute("datetime")) ?? ""), on_air_at_ms);
  await agree(page, clips);
  assert.match((await page.locator("[data-part-note]").textContent()) ?? "", /^4 programmes in turn, again every 0:18\.$/);
  await leave();
});

test("whoever reads the guide is not watching", async () => {
  const { page, leave } = await newViewer(browser);
  await open(page, evening);
  await agree(page, evening);
  assert.equal((await told(evening)).viewers, 0);
  await leave();
});

test("a day of films is a list by the time of day, and every day ahead is there", async () => {
  const { page, leave } = await newViewer(browser);
  await open(page, evening);
  await agree(page, evening);
  const today = await page.locator("[data-slot]").count();
  await page.getByRole("tab", { name: /^Tomorrow/ }).click();
  await page.waitForFunction(() => document.querySelectorAll("[data-part]").length >= 4);
  const starts = await page.locator("[data-slot] time").evaluateAll((times) => times.map((time) => Date.parse(time.getAttribute("datetime") ?? "")));
  assert.ok(starts.length > 85 && today < starts.length, `${today} today, ${starts.length} tomorrow`);
  const { stretches } = await (await fetch(`${evening.url}/api/guide?from=${starts[1]}&to=${Number(starts.at(-1)) + 1}`)).json();
  assert.deepEqual(starts.slice(1), stretches.flatMap((/** @type {any} */ { airings }) => airings).map((/** @type {any} */ airing) => airing.started_at_ms));
  assert.equal(await page.locator('[data-state="now"]').count(), 0, "nothing of tomorrow is on now");
  await page.getByRole("button", { name: "Evening" }).last().click();
  assert.match(await page.evaluate(() => document.activeElement?.querySelector("time")?.textContent ?? ""), /^1[89]:/);
  await leave();
});

test("what was on before is there for whoever asks, as far as the channel was on the air", async () => {
  const { page, leave } = await newViewer(browser);
  await open(page, evening);
  const rows = await page.locator("[data-slot]").count();
  await page.getByRole("button", { name: "Earlier today" }).click();
  await page.getByText("Nothing else was on before.").waitFor({ state: "attached" }); // the station is minutes old
  assert.equal(await page.locator("[data-slot]").count(), rows);
  assert.equal(await page.locator("[data-earlier]").isVisible(), false);
  await open(page, clips);
  assert.equal(await page.locator("[data-earlier]").isVisible(), false, "a board says it already");
  await leave();
});

test("somebody who looks for a programme finds it, however they write it", async () => {
  const { page, leave } = await newViewer(browser);
  await open(page, evening);
  const all = await page.locator("[data-slot]").count();
  await page.keyboard.press("/");
  await page.keyboard.type("uber WOL");
  await page.waitForFunction((count) => document.querySelectorAll("[data-slot]").length < count, all);
  assert.deepEqual([...new Set(await page.locator("[data-slot-title]").allTextContents())], ["Über den Wolken"]);
  assert.match((await page.locator("[data-note]").textContent()) ?? "", /^\d+ programmes? found\.$/);
  await page.locator("[data-search]").fill("nothing like it");
  await page.getByText("Nothing called “nothing like it” on this day.").waitFor();
  await page.locator("[data-search]").fill("");
  await page.waitForFunction((count) => document.querySelectorAll("[data-slot]").length === count, all);
  await leave();
});

test("the keys of a remote are enough: down into the list, along it, to another day, and to what is on", async () => {
  const { page, leave } = await newViewer(browser, { viewport: { width: 1920, height: 1080 } });
  await open(page, evening);
  const focused = () => page.evaluate(() => document.activeElement?.querySelector("[data-slot-title]")?.textContent ?? document.activeElement?.textContent?.trim() ?? "");
  await page.keyboard.press("ArrowDown");
  const first = await page.locator('[data-state="now"] [data-slot-title]').textContent();
  assert.equal(await focused(), first, "what is on comes first");
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await focused(), first);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(), "Today");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "Tomorrow");
  await page.waitForFunction(() => document.querySelectorAll("[data-part]").length >= 4);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.waitForFunction(() => [...document.querySelectorAll("[data-slot]")].at(-1) === document.activeElement);
  assert.equal(await page.evaluate(() => {
    const { top, bottom } = /** @type {Element} */ (document.activeElement).getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  }), true, "whoever has the focus is in sight");
  await page.keyboard.press("ArrowLeft");
  await page.locator('[data-slot][data-state="now"]').waitFor();
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${evening.url}/`);
  await leave();
});

test("without a script the guide says what is on and next, and where the whole of it is", async () => {
  const { page, leave } = await newViewer(browser, { javaScriptEnabled: false });
  await page.goto(`${evening.url}/guide`);
  const { current, next } = await told(evening);
  assert.equal((await page.locator("[data-now-title]").textContent())?.trim(), current.title);
  assert.equal((await page.locator("[data-next-title]").textContent())?.trim(), next.title);
  await page.getByRole("link", { name: "The whole guide" }).waitFor();
  await leave();
});

test("on every page the guide is one step away", async () => {
  const { page, leave } = await newViewer(browser);
  for (const path of ["/", "/upload", "/guide", "/no/such/page"]) {
    await page.goto(evening.url + path);
    await page.getByRole("navigation").getByRole("link", { name: "Guide", exact: true }).waitFor();
  }
  await leave();
});

test("on any screen nothing is cut off or too small to hit, and axe finds nothing", async () => {
  for (const [width, height] of SIZES) {
    const { page, leave } = await newViewer(browser, { viewport: { width, height }, hasTouch: true, reducedMotion: "reduce" });
    for (const station of [clips, evening]) {
      await open(page, station);
      assert.ok((await overflow(page)) <= 0, `wider than ${width} × ${height}`);
      assert.deepEqual(await smallTargets(page), [], `${width} × ${height}`);
    }
    if (width === 320 || width === 1366) assert.deepEqual(await inBothThemes(page, faultsFoundByAxe), [], `${width} × ${height}`);
    await leave();
  }
});

test("a channel that is off the air says so, and axe finds nothing there either", async () => {
  const { page, leave } = await newViewer(browser, { hasTouch: true, reducedMotion: "reduce" });
  await page.goto(`${empty.url}/guide`);
  await page.getByText("Nothing is scheduled on this day.").waitFor();
  await page.getByText("Nothing is on at the moment").waitFor();
  assert.deepEqual(await inBothThemes(page, faultsFoundByAxe), []);
  await leave();
});
