// The port that serves nothing but events: pages find it by themselves, and do without it where it cannot be reached.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { launchChromium } from "../support/chromium.js";
import { filmFolder } from "../support/films.js";
import { newViewer, onTheChannel, PATIENCE_MS } from "../support/pages.js";
import { freePort } from "../support/port.js";
import { Station } from "../support/station.js";

/** @import { Browser } from "playwright-core" */

/** @type {Station} */ let station;
/** @type {Awaited<ReturnType<typeof filmFolder>>} */ let films;
let eventsPort = 0;

before(async () => {
  films = await filmFolder({ "Harbour at first light.mp4": { seconds: 60 } });
  eventsPort = await freePort();
  station = await Station.start({ staticDir: films.directory, environment: { ONAIR_EVENTS_PORT: String(eventsPort) } });
  await onTheChannel(station, 1);
});
after(async () => {
  await station?.stop();
  await films?.remove();
});

/** How many connections the station's port has, as the system counts them (proc(5)). @param {number} port */
async function connectionsTo(port) {
  const ESTABLISHED = "01";
  const lines = (await readFile("/proc/net/tcp", "utf8")).trim().split("\n").slice(1);
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return lines.map((line) => line.trim().split(/\s+/)).filter(([, from, , state]) => from?.endsWith(local) && state === ESTABLISHED).length;
}

const watching = async () => /^onair_viewers (\d+)$/m.exec(await (await fetch(`${station.url}/metrics`)).text())?.[1];

/** @param {() => Promise<boolean>} holds @param {string} what */
async function until(holds, what) {
  const limit = performance.now() + PATIENCE_MS;
  while (!(await holds())) assert.ok(performance.now() < limit, what);
}

/** @param {string[]} flags @param {(browser: Browser) => Promise<void>} visit */
async function withChromium(flags, visit) {
  const browser = await launchChromium({ flags });
  try {
    await visit(browser);
  } finally {
    await browser.close();
  }
}

test("a page reads its events from their port, in a worker shared by tabs or by itself", () => withChromium([], async (browser) => {
  for (const shared of [true, false]) {
    const { page, context, leave } = await newViewer(browser);
    if (!shared) await context.route("**/stream_worker.js*", (route) => route.abort());
    await page.goto(station.url);
    await until(async () => (await watching()) === "1", "one watches");
    assert.equal(await connectionsTo(eventsPort), 1);
    // What comes there arrives: a vote by someone else.
    const { videos } = await (await fetch(`${station.url}/videos`)).json();
    const cookie = (await fetch(station.url)).headers.getSetCookie()[0].split(";")[0];
    const count = page.locator('[data-vote="like"] [data-count]');
    const liked = Number(await count.textContent()) + 1;
    await fetch(`${station.url}/like/${videos[0].id}?vote=like`, { method: "POST", headers: { cookie } });
    await page.waitForFunction((text) => document.querySelector('[data-vote="like"] [data-count]')?.textContent === text, String(liked));
    await leave();
    await until(async () => (await watching()) === "0", "nobody watches");
  }
}));

test("where that port is closed, the main port serves, at once", async () => {
  const closed = await freePort();
  await withChromium([`--host-resolver-rules=MAP 127.0.0.1:${eventsPort} 127.0.0.1:${closed}`], async (browser) => {
    const { page, leave } = await newViewer(browser);
    await page.goto(station.url);
    await until(async () => (await watching()) === "1", "one watches");
    assert.equal(await connectionsTo(eventsPort), 0);
    await leave();
  });
});

test("where a firewall swallows what is sent there, the main port serves after a moment", async () => {
  const swallows = createServer().listen(0, "127.0.0.1");
  await once(swallows, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (swallows.address());
  /** @type {import("node:net").Socket[]} */ const swallowed = [];
  swallows.on("connection", (socket) => swallowed.push(socket.on("error", () => {})));
  try {
    await withChromium([`--host-resolver-rules=MAP 127.0.0.1:${eventsPort} 127.0.0.1:${port}`], async (browser) => {
      const { page, leave } = await newViewer(browser);
      await page.goto(station.url);
      await until(async () => (await watching()) === "1", "one watches");
      assert.ok(swallowed.length > 0, "the port for events was tried");
      await leave();
    });
  } finally {
    for (const socket of swallowed) socket.destroy();
    swallows.close();
  }
});

test("a page that came through a proxy asks only there", async () => {
  const page = await (await fetch(station.url)).text();
  assert.match(page, new RegExp(`data-events="http://127\\.0\\.0\\.1:${eventsPort}/video-updates\\?station=\\d+"`));
  const { request } = await import("node:http");
  const proxied = request(station.url, { headers: { host: "tv.example.org" } }).end();
  const [answer] = await once(proxied, "response");
  assert.doesNotMatch(answer.headers["content-security-policy"], /tv\.example\.org/);
  let text = "";
  for await (const piece of answer) text += piece;
  assert.doesNotMatch(text, /data-events/);
});
