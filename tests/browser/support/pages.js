// Pages as people open them, with a watch on everything that should never happen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How long anything may take on a busy machine before a test says that it does not happen. */
export const PATIENCE_MS = 20_000;

/** Answers other than 2xx and broken connections, which tests bring about themselves. */
const EXPECTED_COMPLAINT = /^Failed to load resource: /;

/**
 * Waits until `count` videos are on the channel: a slow machine may still be looking into some when the station
 * is ready.
 * @param {{ url: string }} station
 * @param {number} count
 */
export async function onTheChannel({ url }, count) {
  const limit = performance.now() + PATIENCE_MS;
  while (performance.now() < limit) {
    const { videos } = await (await fetch(`${url}/videos`)).json();
    if (videos.length >= count) return;
    await new Promise((then) => setTimeout(then, 50));
  }
  throw new Error(`${count} videos did not get on the channel`);
}

/**
 * A viewer of their own: a browser context with no memory of others, and one page.
 * @param {Browser} browser
 * @param {BrowserContextOptions} [options]
 */
export async function newViewer(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, colorScheme: "dark", locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  /** @type {string[]} */
  const faults = [];
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    const isComplaint = message.type() === "error" || message.type() === "warning";
    if (isComplaint && !EXPECTED_COMPLAINT.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  return {
    context,
    page,
    /** Ends the visit; an uncaught error, a breach of the policy or any other complaint on the way fails the test. */
    async leave() {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

/** Waits until the picture is there and in step. @param {Page} page */
export const inStep = (page) => page.locator('[data-player][data-state="playing"][data-sync="in-sync"]').waitFor({ state: "attached" });

/** What axe finds, in words. @param {Page} page @returns {Promise<string[]>} */
export async function faultsFoundByAxe(page) {
  await page.evaluate(AXE); // as a script of the page it would be refused by the policy
  const { violations, passes } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ["violations"] }));
  assert.ok(passes.length > 10, "axe has looked");
  return violations.map((/** @type {any} */ { id, help, nodes }) =>
    `${id}: ${help} (${nodes.map((/** @type {any} */ node) => `${node.html.slice(0, 120)} ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`).join("; ")})`);
}

/** Whatever a finger or a pointer is meant to hit and is smaller than 44 × 44 px. @param {Page} page */
export const smallTargets = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("button, a, input, label[for=files], summary")]
      .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
      .filter((element) => !element.matches(".sr-only, .skip-link, .drop__input"))
      .map((element) => ({ element: element.closest("label") ?? element, box: (element.closest("label") ?? element).getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 43.9 || box.height < 43.9))
      .map(({ element, box }) => `${element.outerHTML.slice(0, 90)} ${box.width.toFixed(0)}×${box.height.toFixed(0)}`));

/**
 * Looks at the page in both themes.
 * @param {Page} page
 * @param {(page: Page) => Promise<string[]>} look
 */
export async function inBothThemes(page, look) {
  /** @type {string[]} */
  const found = [];
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme });
    // Colours that are on their way from one theme to the other belong to neither.
    await page.waitForFunction(() => !document.getAnimations().some((animation) => animation instanceof CSSTransition));
    found.push(...(await look(page)).map((fault) => `${colorScheme}: ${fault}`));
  }
  return found;
}

/** How far the page is wider than its window, in pixels. @param {Page} page */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth);
