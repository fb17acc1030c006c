// One viewer: a Chromium process of its own, a page, and the eye in it.

import { launchChromium } from "../../tests/browser/support/chromium.js";
import { showingsOf } from "./analyse.js";
import { CODE_HEIGHT, COLUMNS, HEIGHT } from "./code.js";
import { openEye } from "./eye.js";

/** @import { Browser, BrowserContext, Page } from "playwright-core" */

export class Viewer {
  /** @type {Array<[number, number, number]>} */
  #sightings = [];
  #origin_ms = NaN;
  errors = 0;

  /** @param {Browser} browser @param {BrowserContext} context @param {Page} page */
  constructor(browser, context, page) {
    this.browser = browser;
    this.context = context;
    this.page = page;
    page.on("pageerror", (error) => {
      this.errors += 1;
      console.error(`  the page says: ${error.message}`);
    });
  }

  /**
   * Opens `url` in a fresh profile unless one is given, in a browser of its own unless one is given.
   * @param {string} url
   * @param {{
   *   browser?: Browser, context?: BrowserContext, size: { width: number, height: number },
   *   prepare?: (page: Page) => Promise<unknown>,
   * }} options
   */
  static async open(url, { browser, context: shared, size, prepare }) {
    const own = shared?.browser() ?? browser ?? (await launchChromium());
    const context = shared ?? (await own.newContext({ viewport: size }));
    const page = await context.newPage();
    const viewer = new Viewer(own, context, page);
    await prepare?.(page);
    await page.addInitScript(openEye, { columns: COLUMNS, code_share: CODE_HEIGHT / HEIGHT });
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    await page.goto(url, { waitUntil: "commit" });
    const { metrics } = await session.send("Performance.getMetrics");
    const started = metrics.find(({ name }) => name === "NavigationStart")?.value ?? NaN;
    viewer.#origin_ms = started * 1_000; // the zero of the page's clock, on CLOCK_MONOTONIC
    return viewer;
  }

  /** When the navigation began, on the monotonic clock. */
  get opened_ms() {
    return this.#origin_ms;
  }

  /** Everything seen so far. */
  async look() {
    this.#sightings.push(...(await this.page.evaluate("takeSightings()")));
    return showingsOf(this.#sightings, this.#origin_ms);
  }

  /** What the page believes, for the report only. */
  belief() {
    return this.page.evaluate(() => ({ ...document.querySelector("[data-player]").dataset }));
  }

  async close() {
    await this.context.close();
  }
}
