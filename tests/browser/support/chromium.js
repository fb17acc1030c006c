// The system's Chromium, driven by playwright-core, without the traffic of its own that would disturb a test.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const FLAGS = [
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

/**
 * Starts a browser process of its own.
 * @param {{ flags?: string[] }} [options]
 */
export function launchChromium({ flags = [] } = {}) {
  const executablePath = CANDIDATES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium found; set CHROMIUM to its path");
  return chromium.launch({ executablePath, headless: false, args: [...FLAGS, ...flags] });
}
