// One viewer: a Chromium process of its own, a page, and the eye and the spy in it.

import { launchChromium } from "../../tests/browser/support/chromium.js";
import { showingsOf } from "./analyse.js";
import { CODE_HEIGHT, COLUMNS, HEIGHT } from "./code.js";
import { openEye } from "./eye.js";
import { monotonicMs } from "./observer.js";
import { openSpy } from "./spy.js";

/** @import { Browser, BrowserContext, Page } from "playwright-core" */
/** @import { Happening } from "./spy.js" */

/** Of so many questions to the page's clock the one answered quickest counts. */
const CLOCK_EXCHANGES = 60;

export class Viewer {
  /** @type {Array<[number, number, number]>} */
  #sightings = [];
  /** @type {Happening[]} */
  #happenings = [];
  #origin_ms = NaN;
  /** Readings of a clock that does not run as this machine's does. @type {Array<{ at_ms: number, page_ms: number }>} */
  #readings = [];
  #hasOwnClock = false;
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
   *   prepare?: (page: Page) => Promise<unknown>, hasOwnClock?: boolean,
   * }} options `hasOwnClock` when the browser's clock does not run as this machine's does
   */
  static async open(url, { browser, context: shared, size, prepare, hasOwnClock = false }) {
    const own = shared?.browser() ?? browser ?? (await launchChromium());
    const context = shared ?? (await own.newContext({ viewport: size }));
    const page = await context.newPage();
    const viewer = new Viewer(own, context, page);
    viewer.#hasOwnClock = hasOwnClock;
    await prepare?.(page);
    await page.addInitScript(openEye, { columns: COLUMNS, code_share: CODE_HEIGHT / HEIGHT });
    await page.addInitScript(openSpy);
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    await page.goto(url, { waitUntil: "commit" });
    const { metrics } = await session.send("Performance.getMetrics");
    const started = metrics.find(({ name }) => name === "NavigationStart")?.value ?? NaN;
    viewer.#origin_ms = started * 1_000; // the zero of the page's clock, on CLOCK_MONOTONIC
    if (hasOwnClock) await viewer.#readClock();
    return viewer;
  }

  /** When the navigation began, on the monotonic clock. */
  get opened_ms() {
    return this.#toMonotonic(0);
  }

  /** By how much its clock runs faster than this machine's, from the first to the last reading; 0 when it is the same. */
  get clock_ppm() {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (!first || !last || first === last) return 0;
    return ((last.page_ms - first.page_ms) / (last.at_ms - first.at_ms) - 1) * 1e6;
  }

  /** From the page's clock to the monotonic one. @param {number} pageMs */
  #toMonotonic(pageMs) {
    const [first] = this.#readings;
    if (!first) return pageMs + this.#origin_ms;
    return first.at_ms + (pageMs - first.page_ms) / (1 + this.clock_ppm / 1e6);
  }

  async #readClock() {
    let best = { trip_ms: Infinity, at_ms: NaN, page_ms: NaN };
    for (let done = 0; done < CLOCK_EXCHANGES; done += 1) {
      const askedMs = monotonicMs();
      const page_ms = await this.page.evaluate(() => performance.now());
      const trip_ms = monotonicMs() - askedMs;
      if (trip_ms < best.trip_ms) best = { trip_ms, at_ms: askedMs + trip_ms / 2, page_ms };
    }
    this.#readings.push(best);
  }

  /** Takes what was seen out of the page, which keeps only so much. */
  async collect() {
    this.#sightings.push(...(await this.page.evaluate("takeSightings()")));
    this.#happenings.push(...(await this.page.evaluate("takeHappenings()")));
    if (this.#hasOwnClock) await this.#readClock();
  }

  /** Everything seen so far. */
  async look() {
    await this.collect();
    return {
      ...showingsOf(this.#sightings, (pageMs) => this.#toMonotonic(pageMs)),
      happenings: this.#happenings.map((one) => ({ ...one, at_ms: this.#toMonotonic(one.at_ms) })),
    };
  }

  /** What the page believes, for the report only. */
  belief() {
    return this.page.evaluate(() => ({ ...document.querySelector("[data-player]").dataset }));
  }

  async close() {
    await this.context.close();
  }
}
