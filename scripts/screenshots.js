// Takes the README's pictures from a real station with the sample videos: `node scripts/screenshots.js`.
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../tests/browser/support/chromium.js";
import { filmFolder, makeFilm } from "../tests/browser/support/films.js";
import { inStep } from "../tests/browser/support/pages.js";
import { Station } from "../tests/browser/support/station.js";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */

const ROOT = resolve(fileURLToPath(new URL("..", import.meta.url)));
const TARGET = join(ROOT, "docs/screenshots");
const LAPTOP = { viewport: { width: 1440, height: 810 }, colorScheme: /** @type {const} */ ("dark") };
const TV = { viewport: { width: 1920, height: 1080 }, colorScheme: /** @type {const} */ ("dark") };
const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: /** @type {const} */ ("light") };

/** Nothing at the edges of a programme: no fade, no countdown at zero. @param {Page} page */
const midProgramme = (page) =>
  page.waitForFunction(() => {
    const { max, value } = /** @type {HTMLProgressElement} */ (document.querySelector("[data-progress]"));
    return value > 0.3 * max && value < 0.8 * max;
  }, null, { timeout: 60_000 });

/** @type {Record<string, { at: string, seen: BrowserContextOptions, offAir?: boolean, prepared?: boolean, reach: (page: Page) => Promise<unknown> }>} */
const PICTURES = {
  channel: {
    at: "/",
    seen: LAPTOP,
    async reach(page) {
      await inStep(page);
      await page.locator("[data-later]:not([hidden])").waitFor({ timeout: 40_000 });
      await page.getByRole("button", { name: /^Like/ }).click();
      await page.getByRole("button", { name: "Turn the sound on" }).click();
      await midProgramme(page);
      await page.locator("[data-osd]").waitFor({ state: "hidden" });
      await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
    },
  },
  phone: { at: "/", seen: PHONE, reach: async (page) => (await inStep(page), midProgramme(page)) },
  ambient: {
    at: "/ambient",
    seen: TV,
    async reach(page) {
      const card = page.locator("[data-title-card][data-shown]");
      await inStep(page);
      await page.locator("[data-title-card]:not([data-shown])").waitFor({ state: "attached" });
      await card.waitFor({ timeout: 60_000 }); // the next programme's
      await page.waitForFunction(() => getComputedStyle(/** @type {Element} */ (document.querySelector("[data-title-card]"))).opacity === "1");
    },
  },
  guide: {
    at: "/guide",
    seen: LAPTOP,
    prepared: true,
    async reach(page) {
      await page.waitForFunction(() => document.querySelectorAll("[data-slot] img:not([hidden])").length >= 4, null, { timeout: 600_000 });
      await midProgramme(page);
    },
  },
  upload: {
    at: "/upload",
    seen: LAPTOP,
    async reach(page) {
      const films = await filmFolder({ "Kites over the long beach.mp4": { seconds: 83 } });
      await page.locator("[data-files]").setInputFiles(join(films.directory, "Kites over the long beach.mp4"));
      await page.locator('[data-queue-list] > li[data-state="done"]').waitFor({ timeout: 60_000 });
      await page.locator("[data-library-list] > li", { hasText: "Kites over the long beach" }).waitFor();
      await films.remove();
    },
  },
  "off-air": { at: "/", seen: LAPTOP, offAir: true, reach: (page) => page.getByText("The first video").waitFor() },
};

/** A station as it looks after a while: the samples, a tape that waits, a file that broke. */
async function livedIn() {
  const shelf = await filmFolder({});
  for (const name of await readdir(join(ROOT, "static"))) {
    if (name.endsWith(".mp4")) await copyFile(join(ROOT, "static", name), join(shelf.directory, name));
  }
  await makeFilm(join(shelf.directory, "Tape 12, summer 1987.avi"), { seconds: 20, codec: ["-c:v", "mpeg4"], sound: false });
  await writeFile(join(shelf.directory, "holiday final v3.mp4"), "cut off while it was copied");
  return shelf;
}

/** @param {Browser} browser @param {string} name @param {string} url */
async function take(browser, name, url) {
  const picture = PICTURES[name];
  if (!picture) throw new Error(`no picture is called ${name}`);
  const context = await browser.newContext({ locale: "en-GB", ...picture.seen });
  const page = await context.newPage();
  await page.goto(url + picture.at);
  await picture.reach(page);
  await page.screenshot({ path: join(TARGET, `${name}.jpg`), type: "jpeg", quality: 84 });
  await context.close();
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PICTURES);
await mkdir(TARGET, { recursive: true });
const shelf = await livedIn();
const browser = await launchChromium();
const [station, empty] = await Promise.all([Station.start({ staticDir: shelf.directory }), Station.start()]);
/** The same with everything made for the air: it takes a minute, and the processor. @type {Station | null} */
let prepared = null;
try {
  for (const name of wanted) {
    const picture = PICTURES[name];
    if (picture?.prepared) prepared ??= await Station.start({ staticDir: shelf.directory, environment: { ONAIR_WORKERS: "1" } });
    await take(browser, name, ((picture?.offAir ? empty : picture?.prepared && prepared) || station).url);
    console.log(`docs/screenshots/${name}.jpg`);
  }
} finally {
  await Promise.all([browser.close(), station.stop(), empty.stop(), prepared?.stop(), shelf.remove()]);
}
