// Putting videos on the air through the page, against the real station.
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium } from "../support/chromium.js";
import { filmFolder, makeFilm } from "../support/films.js";
import { newViewer } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

const LIMIT_BYTES = 40_000_000;

/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;
/** @param {string} name */
const film = (name) => join(films.directory, name);

before(async () => {
  films = await filmFolder({
    "kites.mp4": { seconds: 4 },
    "tram.mp4": { seconds: 5, hue: 90 },
    "sea.webm": { seconds: 3, hue: 200, codec: ["-c:v", "libvpx", "-deadline", "realtime"], sound: false },
    "old tape.mkv": { seconds: 3, hue: 300, codec: ["-c:v", "mpeg4"] },
  });
  await writeFile(film("notes.mp4"), "these are notes, not a film\n".repeat(50));
  browser = await launchChromium();
  station = await Station.start({ environment: { ONAIR_MAX_UPLOAD_BYTES: String(LIMIT_BYTES) } });
});
after(async () => {
  await browser?.close();
  await station?.stop();
  await films?.remove();
});

/** @param {Page} page @param {string} name */
const item = (page, name) => page.locator("[data-queue-list] > li", { hasText: name });
/** @param {Page} page @param {string} title */
const row = (page, title) => page.locator("[data-library-list] > li", { hasText: title });

test("several files go on the air, each with what was found and when it will be on", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  await page.getByText("The shelves are empty").waitFor();
  await page.locator("[data-files]").setInputFiles([film("kites.mp4"), film("tram.mp4"), film("sea.webm")]);
  for (const [name, length] of [["kites", "0:04"], ["tram", "0:05"], ["sea", "0:03"]]) {
    const done = item(page, String(name)).and(page.locator('[data-state="done"]'));
    await done.waitFor();
    assert.match((await done.locator("[data-status]").textContent()) ?? "", new RegExp(`^On the air at .+ · ${length} · 320 × 180 · `));
    await row(page, String(name)).waitFor();
  }
  await page.locator('[data-library-list] > li[data-state="on-air"]').first().waitFor();
  assert.match((await page.locator("[data-announcer]").textContent()) ?? "", /On the air at/);
  await leave();
});

test("a title typed for a single video is its title", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  const typed = "Grandmother’s “kites” & <other> things 🪁";
  await page.getByLabel("Title").fill(typed);
  await page.locator("[data-files]").setInputFiles(film("kites.mp4"));
  await item(page, typed).and(page.locator('[data-state="done"]')).waitFor();
  await row(page, typed).waitFor();
  assert.equal(await page.getByLabel("Title").inputValue(), "", "it was for one video");
  await leave();
});

test("what needs conversion is kept and says what it waits for", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  await page.locator("[data-files]").setInputFiles(film("old tape.mkv"));
  const done = item(page, "old tape").and(page.locator('[data-state="done"]'));
  await done.waitFor();
  assert.match((await done.locator("[data-status]").textContent()) ?? "", /^Kept, waiting for conversion/);
  assert.notEqual(((await done.locator("[data-notice]").textContent()) ?? "").trim(), "");
  const waiting = row(page, "old tape").and(page.locator('[data-state="waiting"]'));
  await waiting.waitFor();
  assert.notEqual(((await waiting.locator("[data-row-reason]").textContent()) ?? "").trim(), "");
  await page.getByRole("button", { name: /^Waiting/ }).click();
  assert.equal(await page.locator("[data-library-list] > li").count(), 1);
  await leave();
});

test("what is no video fails with the server's own sentence and leaves nothing behind", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  const answered = page.waitForResponse((response) => response.request().method() === "PATCH");
  await page.locator("[data-files]").setInputFiles(film("notes.mp4"));
  const failed = item(page, "notes.mp4").and(page.locator('[data-state="failed"]'));
  await failed.waitFor();
  const { detail } = await (await answered).json();
  assert.equal(await failed.locator("[data-status]").textContent(), detail);
  assert.equal(await row(page, "notes").count(), 0);
  await leave();
});

test("too large and empty files are refused before a byte is sent, with the limit in the sentence", async () => {
  const { page, leave } = await newViewer(browser);
  await writeFile(film("huge.mp4"), Buffer.alloc(LIMIT_BYTES + 1));
  await writeFile(film("empty.mp4"), "");
  await page.goto(`${station.url}/upload`);
  let sent = 0;
  page.on("request", (request) => (sent += Number(request.method() === "POST")));
  await page.locator("[data-files]").setInputFiles([film("huge.mp4"), film("empty.mp4")]);
  await item(page, "huge.mp4").getByText("the limit is 40 MB").waitFor();
  await item(page, "empty.mp4").getByText("is empty").waitFor();
  assert.equal(sent, 0);
  await leave();
});

test("an upload on its way tells its speed and time left, and can be cancelled", async () => {
  const { page, context, leave } = await newViewer(browser);
  const large = await makeFilm(film("large.mp4"), { seconds: 20, codec: ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "1"] });
  const { size } = await stat(large);
  assert.ok(size > 2_000_000 && size < LIMIT_BYTES, `${size}`);
  const before_ = (await (await fetch(`${station.url}/library`)).json()).videos.length;
  await page.goto(`${station.url}/upload`);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 150_000 });
  await page.locator("[data-files]").setInputFiles(large);
  const sending = item(page, basename(large)).and(page.locator('[data-state="sending"]'));
  await sending.getByText(/MB of .+ · .+\/s · .+ left/).waitFor();
  const progress = await sending.locator("progress").evaluate((bar) => /** @type {HTMLProgressElement} */ (bar).value);
  assert.ok(progress > 0 && progress < 1);
  await page.getByRole("button", { name: "Cancel large.mp4" }).click();
  await item(page, "large.mp4").getByText("Cancelled").waitFor();
  const { videos } = await (await fetch(`${station.url}/library`)).json();
  assert.equal(videos.length, before_, "a cancelled upload leaves nothing");
  await page.getByRole("button", { name: "Take large.mp4 off this list" }).click();
  assert.equal(await page.locator("[data-queue-list] > li").count(), 0);
  await leave();
});

test("files dropped anywhere on the page are taken", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  const bytes = (await readFile(film("sea.webm"))).toString("base64");
  const dropped = await page.evaluateHandle((content) => {
    const carried = new DataTransfer();
    carried.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], "dropped sea.webm", { type: "video/webm" }));
    return carried;
  }, bytes);
  await page.dispatchEvent("main", "dragenter", { dataTransfer: dropped });
  assert.ok(await page.locator("[data-veil]").isVisible());
  await page.dispatchEvent("main", "drop", { dataTransfer: dropped });
  assert.ok(await page.locator("[data-veil]").isHidden());
  await item(page, "dropped sea").and(page.locator('[data-state="done"]')).waitFor();
  await leave();
});

test("the library follows what happens elsewhere", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  await page.locator("[data-library-list] > li").first().waitFor();
  const other = new FormData();
  other.append("title", "Sent by somebody else");
  other.append("video", new Blob([await readFile(film("kites.mp4"))]), "else.mp4");
  const answer = await fetch(`${station.url}/uploads`, { method: "POST", body: other });
  assert.equal(answer.status, 201, await answer.text());
  await row(page, "Sent by somebody else").waitFor();
  await leave();
});

test("the whole way works from the keyboard", async () => {
  const { page, leave } = await newViewer(browser);
  // Asked for before the page is there: told to the page's process alone, it can be overtaken by a key,
  // and then the browser's own dialog opens, of which no event tells.
  const choosing = page.waitForEvent("filechooser");
  await page.goto(`${station.url}/upload`);
  await page.getByLabel("Title").focus();
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement?.matches("[data-files]")));
  await page.keyboard.press("Enter");
  await (await choosing).setFiles(film("kites.mp4"));
  await item(page, "kites").and(page.locator('[data-state="done"]')).waitFor();
  await leave();
});
