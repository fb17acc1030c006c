// What comes of converting, as viewers see it: subtitles to choose, stills, and a library that tells how far it is.
// A real station converts real Matroska films.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { watchBeside } from "../../players/beside.js";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { faultsFoundByAxe, inBothThemes, inStep, newViewer, overflow, smallTargets } from "../support/pages.js";
import { Station } from "../support/station.js";

/** @import { Browser, Page } from "playwright-core" */

const CONVERSION_LIMIT_MS = 120_000;
const CODEC = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25"];

/** @type {Browser} */ let browser;
/** @type {Station} */ let station;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;
/** @type {ReturnType<typeof watchBeside>} */ let ffmpeg;

before(async () => {
  films = await filmFolder({
    "Harbour.mkv": { seconds: 14, codec: CODEC, subtitles: { eng: "The harbour wakes", ger: "Der Hafen erwacht" } },
    "Tram.mkv": { seconds: 9, hue: 120, codec: CODEC, subtitles: { ger: "Die Bahn kommt" } },
  });
  browser = await launchChromium();
  station = await Station.start({ staticDir: films.directory, environment: { ONAIR_WORKERS: "1" } });
  await until("both films are there in full quality", async () => {
    const { videos } = await (await fetch(`${station.url}/library`)).json();
    return videos.length === 2 && videos.every((/** @type {any} */ { version }) => version === "house");
  });
  await station.beginAnew(films.directory);
  await until("both films are on the air", async () => (await onAir()).every((airing) => airing?.captions));
  ffmpeg = watchBeside(station.url);
});
after(async () => {
  await Promise.all([browser?.close(), ffmpeg?.stop()]);
  await station?.stop();
  await films?.remove();
});

/** @param {string} what @param {() => Promise<boolean>} isSo */
async function until(what, isSo) {
  const limit = performance.now() + CONVERSION_LIMIT_MS;
  while (!(await isSo().catch(() => false))) { // a busy station may drop a connection
    if (performance.now() > limit) throw new Error(`not in time: ${what}\n${station.output}`);
    await new Promise((then) => setTimeout(then, 200));
  }
}

/** What is on and next, as the page is told. @returns {Promise<any[]>} */
async function onAir() {
  const page = await (await fetch(station.url)).text();
  const { current, next } = JSON.parse(/<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(page)?.[1] ?? "{}");
  return [current, next];
}

/** Waits for the programme with that title. @param {Page} page @param {string} title */
const showing = async (page, title) => {
  await page.getByRole("heading", { level: 1, name: title }).waitFor({ timeout: 40_000 });
  await inStep(page);
};
/** @param {Page} page */
const words = (page) => page.locator("[data-cues]");
/** @param {Page} page */
const captionsButton = (page) => page.locator("[data-captions]");
/** @param {Page} page @param {string} title */
const row = (page, title) => page.locator("[data-library-list] > li", { hasText: title });

test("Chromium plays a programme in full quality from its first frame to its last, with its sound", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  const { videos } = await (await fetch(`${station.url}/videos`)).json();
  const { url, duration_ms } = videos.find((/** @type {any} */ { title }) => title === "Tram");
  assert.match(url, /\/programme\.mp4$/);
  const seen = await page.evaluate(async (address) => {
    const video = document.createElement("video");
    Object.assign(video, { src: address, muted: true, playbackRate: 3, width: 320 });
    document.body.prepend(video); // frames of what is not seen are left out
    /** Each frame's time and mean colour. @type {[number, number[]][]} */
    const frames = [];
    const canvas = new OffscreenCanvas(1, 1);
    const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    const note = (/** @type {number} */ _now, /** @type {VideoFrameCallbackMetadata} */ { mediaTime }) => {
      brush.drawImage(video, 0, 0, 1, 1);
      frames.push([mediaTime, [...brush.getImageData(0, 0, 1, 1).data]]);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
    const ended = new Promise((then, fail) => {
      video.addEventListener("ended", then);
      video.addEventListener("error", () => fail(new Error(video.error?.message)));
    });
    await video.play();
    await ended;
    const { totalVideoFrames, corruptedVideoFrames } = video.getVideoPlaybackQuality();
    const bytes = await (await fetch(address)).arrayBuffer();
    const sound = await new OfflineAudioContext(2, 1, 48_000).decodeAudioData(bytes);
    const loudestOfEachSecond = Array.from({ length: Math.floor(sound.duration) }, (_, second) =>
      Math.max(...sound.getChannelData(0).slice(second * 48_000, (second + 1) * 48_000)));
    const { duration, videoWidth, videoHeight } = video;
    video.remove();
    return { duration, size: [videoWidth, videoHeight], frames, totalVideoFrames, corruptedVideoFrames, soundS: sound.duration, channels: sound.numberOfChannels, loudestOfEachSecond };
  }, url);
  assert.ok(Math.abs(seen.duration - 9) < 0.025 && duration_ms === 9_000, `${seen.duration} s, told ${duration_ms} ms`);
  assert.deepEqual(seen.size, [640, 360]);
  assert.equal(seen.corruptedVideoFrames, 0);
  assert.ok(seen.totalVideoFrames >= 200, `${seen.totalVideoFrames} of 225 frames`);
  const [first, last] = [seen.frames[0], seen.frames.at(-1)];
  assert.ok(first && first[0] < 0.5 && last && last[0] > 8.5, `${first?.[0]} s to ${last?.[0]} s`);
  assert.ok(new Set(seen.frames.map(([, colour]) => colour.join())).size > 5, "the picture moves");
  assert.ok(seen.frames.every(([, [red, green, blue]]) => Math.max(red ?? 0, green ?? 0, blue ?? 0) > 30), "no frame is black");
  assert.ok(Math.abs(seen.soundS - 9) < 0.05 && seen.channels === 2, `${seen.soundS} s of sound on ${seen.channels} channels`);
  assert.ok(seen.loudestOfEachSecond.every((loudest) => loudest > 0.05), seen.loudestOfEachSecond.join());
  await leave();
});

test("a language is chosen from the list by keyboard alone, and is there again after a reload", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await showing(page, "Harbour");
  const button = captionsButton(page);
  await page.waitForFunction(() => document.querySelector("[data-captions]")?.getAttribute("aria-haspopup") === "menu");
  assert.equal((await words(page).textContent())?.trim(), "", "nobody gets words who did not ask for them");

  await button.focus();
  await page.keyboard.press("Enter");
  const menu = page.getByRole("menu", { name: "Captions" });
  assert.deepEqual(await menu.getByRole("menuitemradio").allTextContents(), ["Off", "English", "Deutsch"]);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Off", "the focus is on what is chosen");
  await page.keyboard.press("Escape");
  assert.ok(await menu.isHidden());
  assert.ok(await button.evaluate((element) => element === document.activeElement), "the focus came back");

  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.ok(await menu.isHidden());
  assert.ok(await button.evaluate((element) => element === document.activeElement));
  await words(page).getByText(/^The harbour wakes \d+$/).waitFor();
  assert.equal(await words(page).getAttribute("lang"), "en");
  assert.equal(await button.textContent(), "Captions: English");

  await page.reload();
  await showing(page, "Harbour");
  await words(page).getByText(/^The harbour wakes \d+$/).waitFor();
  await leave();
});

test("words belong to their moment: they are those of the second the picture is in", async () => {
  const { page, leave } = await newViewer(browser);
  await page.addInitScript(() => localStorage.setItem("onair.captions", JSON.stringify({ on: true, language: "en", label: null })));
  await page.goto(station.url);
  await showing(page, "Harbour");
  await words(page).getByText(/^The harbour wakes/).waitFor();
  const [{ started_at_ms }] = await onAir();
  const position_s = async () => ((await (await fetch(`${station.url}/clock`)).json()).received_ms - started_at_ms) / 1_000;
  const [from_s, said, to_s] = [await position_s(), await words(page).textContent(), await position_s()];
  const place = Number(/\d+$/.exec(String(said).trim())?.[0]);
  assert.ok((place - 1) * 2 < to_s + 0.4 && place * 2 > from_s - 0.4, `${said} between ${from_s} and ${to_s} s`);
  await leave();
});

test("a programme without the chosen language has no words, and the old ones are gone in the same instant", async () => {
  const { page, leave } = await newViewer(browser);
  await page.addInitScript(() => {
    localStorage.setItem("onair.captions", JSON.stringify({ on: true, language: "en", label: "English" }));
    /** Words seen while an element was in front that does not say them. */
    const seen = /** @type {any} */ (globalThis);
    seen.wrong = [];
    const look = () => {
      const shown = document.querySelector("[data-cues]")?.textContent?.trim();
      const front = document.querySelector("video[data-front]");
      if (shown && !front?.querySelector('track[srclang="en"]')) seen.wrong.push(shown);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.goto(station.url);
  await showing(page, "Harbour");
  await words(page).getByText(/^The harbour wakes/).waitFor();
  await showing(page, "Tram");
  assert.equal((await words(page).textContent())?.trim(), "");
  const button = captionsButton(page);
  assert.equal(await button.getAttribute("aria-pressed"), "false", "one track: the button switches it");
  await showing(page, "Harbour");
  await words(page).getByText(/^The harbour wakes/).waitFor();
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).wrong), []);
  await leave();
});

test("the key goes from language to language and off, and says so", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(station.url);
  await showing(page, "Harbour");
  await page.waitForFunction(() => document.querySelector("[data-captions][aria-haspopup]"));
  for (const [said, shown] of /** @type {[string, RegExp | null][]} */ ([
    ["Captions: English", /^The harbour wakes \d+$/], ["Captions: Deutsch", /^Der Hafen erwacht \d+$/], ["Captions: off", null],
  ])) {
    await page.keyboard.press("c");
    assert.equal(await page.locator("[data-osd]").textContent(), said);
    assert.equal(await page.locator("[data-announcer]").textContent(), said);
    if (shown) await words(page).getByText(shown).waitFor();
    else assert.equal((await words(page).textContent())?.trim(), "");
  }
  await leave();
});

test("a file of words that did not come is asked for again", async () => {
  const { page, leave } = await newViewer(browser);
  await page.addInitScript(() => localStorage.setItem("onair.captions", JSON.stringify({ on: true, language: "en", label: null })));
  let asked = 0;
  await page.route("**/*.vtt", (route) => {
    asked += 1;
    return asked === 1 ? route.abort("connectionreset") : route.continue();
  });
  await page.goto(station.url);
  await showing(page, "Harbour");
  await words(page).getByText(/^The harbour wakes \d+$/).waitFor();
  assert.ok(asked > 1, `${asked}`);
  await leave();
});

test("words keep clear of the controls in full screen and of the invitation to turn the sound on", async () => {
  const { page, leave } = await newViewer(browser);
  await page.addInitScript(() => localStorage.setItem("onair.captions", JSON.stringify({ on: true, language: "de", label: null })));
  await page.goto(station.url);
  await inStep(page);
  const line = words(page).locator(".cues__words").first();
  /** @param {string} selector */
  const isClearOf = (selector) => page.waitForFunction((below) => {
    const said = document.querySelector(".cues__group--bottom .cues__words")?.getBoundingClientRect();
    const other = document.querySelector(below)?.getBoundingClientRect();
    return said && other && said.bottom < other.top;
  }, selector);
  await line.waitFor();
  await isClearOf("[data-unmute]");
  await page.keyboard.press("m");
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement);
  await page.mouse.move(300, 300);
  await isClearOf("[data-controls]");
  await leave();
});

test("the ambient screen shows the words chosen on the main page, also when that happens while it is open", async () => {
  const { page, context, leave } = await newViewer(browser);
  await page.goto(`${station.url}/ambient`);
  await inStep(page);
  assert.equal((await words(page).textContent())?.trim(), "");
  const other = await context.newPage();
  await other.goto(station.url);
  await showing(other, "Tram");
  await captionsButton(other).click();
  await words(page).getByText(/^(Die Bahn kommt|Der Hafen erwacht) \d+$/).waitFor();
  await leave();
});

test("stills stand beside what is next and in the library, and nothing moves when they come", async () => {
  const { page, leave } = await newViewer(browser);
  await page.addInitScript(() => {
    const shifts = /** @type {any} */ (globalThis);
    shifts.moved = [];
    new PerformanceObserver((list) => {
      for (const entry of /** @type {any[]} */ (list.getEntries())) shifts.moved.push(entry.sources?.map((/** @type {any} */ { node }) => node?.className).join());
    }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(station.url);
  await inStep(page);
  await page.waitForFunction(() => {
    const picture = /** @type {HTMLImageElement | null} */ (document.querySelector("[data-next] [data-still] img"));
    return picture && !picture.hidden && picture.naturalWidth > 0;
  });
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).moved), []);
  await page.goto(`${station.url}/upload`);
  await row(page, "Harbour").locator("[data-still] img:not([hidden])").waitFor();
  const box = await row(page, "Harbour").locator("[data-still]").boundingBox();
  assert.ok(box && Math.abs(box.width / box.height - 16 / 9) < 0.02, JSON.stringify(box));
  await leave();
});

test("a row runs through its film while it is pointed at, or in focus; who wants less motion goes press by press", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  const harbour = row(page, "Harbour");
  const run = harbour.locator("[data-run]");
  await harbour.locator("[data-preview]").waitFor();
  await harbour.hover();
  await run.waitFor();
  const place = () => run.evaluate((element) => element.style.backgroundPosition);
  const first = await place();
  await page.waitForFunction(([element, from]) => /** @type {HTMLElement} */ (element).style.backgroundPosition !== from, [await run.elementHandle(), first]);
  await row(page, "Tram").hover();
  await run.waitFor({ state: "hidden" });
  await page.mouse.move(0, 0);

  await page.emulateMedia({ reducedMotion: "reduce" });
  await harbour.hover();
  assert.ok(await run.isHidden(), "less motion");
  const button = page.getByRole("button", { name: "Preview of Harbour" });
  await button.focus();
  assert.ok(await run.isHidden());
  await page.keyboard.press("Enter");
  await run.waitFor();
  const still = await place();
  await page.keyboard.press("Enter");
  await page.waitForFunction(([element, from]) => /** @type {HTMLElement} */ (element).style.backgroundPosition !== from, [await run.elementHandle(), still]);
  await leave();
});

test("a conversion that was given up says why and can be tried again, also when only /jobs answers", async () => {
  const { page, leave } = await newViewer(browser, { reducedMotion: "reduce" });
  const { videos } = await (await fetch(`${station.url}/library`)).json();
  const { id } = videos.find((/** @type {any} */ { title }) => title === "Tram");
  const job = { video: id, step: "house", state: "failed", failures: 4, reason: "the conversion stood still for 60 s and was ended", details: ["[mov] moov atom not found", "Conversion failed!"] };
  await page.route("**/job-updates", (route) => route.abort());
  await page.route("**/jobs", (route) => route.fulfill({ json: { jobs: [job], total: 1 } }));
  await page.goto(`${station.url}/upload`);
  const tram = row(page, "Tram");
  await tram.getByText("The conversion to full quality failed").waitFor();
  await tram.getByText("The conversion stood still for 60 s and was ended.").waitFor();
  await tram.getByText("What the converter said").click();
  assert.match((await tram.locator("[data-job-lines]").textContent()) ?? "", /moov atom not found\nConversion failed!/);
  assert.deepEqual(await inBothThemes(page, faultsFoundByAxe), []);
  for (const [width, height] of [[320, 568], [390, 844], [1440, 900], [1920, 1080]]) {
    await page.setViewportSize({ width: Number(width), height: Number(height) });
    assert.ok((await overflow(page)) <= 0, `wider than ${width}`);
    assert.deepEqual(await smallTargets(page), [], `${width}`);
  }
  await page.getByRole("button", { name: "Try again: Tram" }).click();
  await tram.getByRole("alert").getByText("There is no failed conversion of this video.").waitFor();
  await leave();
});

test("subtitles added on the page are offered, and what is none is refused in words", async () => {
  const { page, leave } = await newViewer(browser);
  await page.goto(`${station.url}/upload`);
  const texts = page.getByLabel("Add captions to Tram");
  const note = row(page, "Tram").locator("[data-texts-note]");
  await texts.setInputFiles({ name: "tram.fr.srt", mimeType: "", buffer: Buffer.from("1\n00:00:00,000 --> 00:00:08,000\nLe tram arrive\n") });
  await note.getByText("“tram.fr.srt” is taken").waitFor();
  await row(page, "Tram").getByText(/subtitles: .*Français/).waitFor({ timeout: CONVERSION_LIMIT_MS });
  await texts.setInputFiles({ name: "tram.it.srt", mimeType: "", buffer: Buffer.from([0, 1, 2, 3, 255, 254, 0]) });
  await note.getByText(/^“tram\.it\.srt”: The subtitles were not taken/).waitFor();
  await leave();
});

test("axe finds nothing about the list of languages, words on the picture, and a row that runs", async () => {
  const { page, leave } = await newViewer(browser, { reducedMotion: "reduce" });
  await page.addInitScript(() => localStorage.setItem("onair.captions", JSON.stringify({ on: true, language: "de", label: null })));
  await page.goto(station.url);
  await showing(page, "Harbour");
  await words(page).getByText(/^Der Hafen erwacht/).waitFor();
  await captionsButton(page).click();
  assert.deepEqual(await smallTargets(page), []);
  assert.deepEqual(await inBothThemes(page, faultsFoundByAxe), []);
  await page.goto(`${station.url}/upload`);
  await page.getByRole("button", { name: "Preview of Harbour" }).click();
  await row(page, "Harbour").locator("[data-run]").waitFor();
  assert.deepEqual(await inBothThemes(page, faultsFoundByAxe), []);
  await leave();
});

// The last one: its film is on the air from then on as well.
test("a film is watched on its way to full quality, and the list says so at once", async () => {
  const { page, leave } = await newViewer(browser);
  const sent = await filmFolder({ "Kites.mkv": { seconds: 60, hue: 250, codec: CODEC } });
  await page.goto(`${station.url}/upload`);
  await row(page, "Harbour").waitFor();
  await page.evaluate(() => {
    const told = /** @type {any} */ (globalThis);
    told.stages = new Set();
    told.figures = new Set();
    told.shares = new Set();
    new MutationObserver(() => {
      for (const job of document.querySelectorAll("[data-job]:not([hidden])")) {
        told.stages.add(job.querySelector("[data-job-stage]")?.textContent);
        told.figures.add(job.querySelector("[data-job-figures]")?.textContent);
        told.shares.add(/** @type {HTMLProgressElement} */ (job.querySelector("progress")).value);
      }
    }).observe(/** @type {Element} */ (document.querySelector("[data-library-list]")), { subtree: true, childList: true, characterData: true, attributes: true });
  });
  await page.locator("[data-files]").setInputFiles(join(sent.directory, "Kites.mkv"));
  await row(page, "Kites").getByText(/· full quality$/).waitFor({ timeout: CONVERSION_LIMIT_MS });
  const told = await page.evaluate(() => {
    const { stages, figures, shares } = /** @type {any} */ (globalThis);
    return { stages: [...stages], figures: [...figures], shares: [...shares] };
  });
  assert.ok(told.stages.includes("Converting to full quality"), told.stages.join(" | "));
  assert.ok(told.figures.some((/** @type {string} */ figures) => /^\d+ % · \d+(\.\d)?×/.test(figures)), told.figures.join(" | "));
  assert.ok(told.shares.some((/** @type {number} */ share) => share > 0 && share < 1_000), told.shares.join(" | "));
  await page.waitForFunction(() => document.querySelector("[data-announcer]")?.textContent?.includes("Kites is there in full quality"));
  assert.ok(await row(page, "Kites").locator("[data-job]").isHidden());
  await leave();
  await sent.remove();
});

test("a player that knows nothing of us has played all along, over several changes of programme, in every form of the stream", () =>
  ffmpeg.judge(40)); // three changes at least
