// The system's Chromium, driven by playwright-core, without the traffic of its own that would disturb a test.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** @import { LaunchOptions } from "playwright-core" */

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const FLAGS = [
  "--headless=new",
  "--no-sandbox", // tests may run as root
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--mute-audio",
];

/** @returns {string} where the system's Chromium is */
export function chromiumPath() {
  const found = CANDIDATES.find((path) => path && existsSync(path));
  if (!found) throw new Error("no Chromium found; set CHROMIUM to its path");
  return found;
}

/**
 * Starts a browser process of its own.
 * @param {{ flags?: string[] } & LaunchOptions} [options]
 */
export function launchChromium({ flags = [], ...options } = {}) {
  return chromium.launch({ executablePath: chromiumPath(), headless: false, args: [...FLAGS, ...flags], ...options });
}
