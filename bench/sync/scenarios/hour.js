// An hour with sound: nothing may jump, nobody may hear the steering, and nothing may grow.

import { memoryKb } from "../../process.js";
import { quantile, sameShare } from "../analyse.js";
import { onStage, sleep } from "../stage.js";
import { lookAll, troublesOf } from "../together.js";
import { seekFigure } from "./figures.js";

/** @import { Outcome, Wishes } from "../scenarios.js" */
/** @import { Viewer } from "../viewer.js" */

const EVERY_MS = 60_000;
/** Chromium fills its caches at first; what is compared begins after this share of the time. */
const WARM_UP_SHARE = 0.25;
const GROWTH_MAX_PERCENT = 10;
const KB = 1_024;

/** What a viewer's page holds: live objects after a collection, and memory of its process. @param {Viewer} viewer */
async function memoryOf({ context, page, browser }) {
  const [session, whole] = await Promise.all([context.newCDPSession(page), browser.newBrowserCDPSession()]);
  try {
    await session.send("HeapProfiler.collectGarbage");
    await session.send("Performance.enable");
    const { metrics } = await session.send("Performance.getMetrics");
    const heap_bytes = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? NaN;
    const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
    const renderers = processInfo.filter(({ type }) => type === "renderer");
    const busiest = renderers.reduce((most, one) => (one.cpuTime > most.cpuTime ? one : most)); // one may be kept ready for the next tab
    return { heap_bytes, resident_bytes: memoryKb(busiest.id, "VmRSS") * KB };
  } finally {
    await Promise.all([session.detach(), whole.detach()]);
  }
}

/**
 * By how many percent the last quarter is above the first one after the warm-up, in the middle of each.
 * @param {number[]} bytes
 */
function growthPercent(bytes) {
  const warm = bytes.slice(Math.floor(bytes.length * WARM_UP_SHARE));
  const quarter = Math.max(Math.floor(warm.length / 4), 1);
  return 100 * (quantile(warm.slice(-quarter), 0.5) / quantile(warm.slice(0, quarter), 0.5) - 1);
}

/** @param {Wishes} wishes @returns {Promise<Outcome>} */
export const hour = ({ stage: options, minutes }) =>
  onStage(options, async (stage) => {
    const launch = { flags: ["--autoplay-policy=no-user-gesture-required"] };
    for (let entered = 0; entered < 2; entered += 1) {
      await stage.enter({ launch, prepare: (page) => page.addInitScript(() => localStorage.setItem("onair.muted", "false")) });
    }
    /** @type {Array<Array<{ heap_bytes: number, resident_bytes: number }>>} */
    const memory = [];
    for (let minute = 0; minute < minutes; minute += 1) {
      await sleep(EVERY_MS);
      await Promise.all(stage.viewers.map((viewer) => viewer.collect()));
      memory.push(await Promise.all(stage.viewers.map(memoryOf)));
    }
    const muted = (await Promise.all(stage.viewers.map((viewer) => viewer.belief()))).filter((belief) => belief.muted !== "false");
    if (muted.length > 0) throw new Error("the browser did not let the sound be heard");
    const { fromMs, untilMs, shown, looks } = await lookAll(stage);
    const { seeks, standstills, rates } = troublesOf(looks, fromMs, untilMs);
    const off = rates.map((rate) => 100 * Math.abs(rate - 1));
    const grown = (/** @type {"heap_bytes" | "resident_bytes"} */ what) =>
      Math.max(...stage.viewers.map((_, place) => growthPercent(memory.map((all) => all[place][what]))));
    const mb = (/** @type {"heap_bytes" | "resident_bytes"} */ what) =>
      [memory[0], memory[memory.length >> 1], memory.at(-1)].map((all) => all?.map((one) => (one[what] / 1e6).toFixed(1)).join("/")).join(" → ");
    return {
      about: `two viewers with sound, ${minutes} min`,
      figures: [
        seekFigure(seeks),
        { name: "rate off 1 while it can be heard, max", value: Math.max(0, ...off), unit: "%", digits: 3, target: 0.5 },
        { name: "growth of live objects after the warm-up", value: grown("heap_bytes"), unit: "%", digits: 1, target: GROWTH_MAX_PERCENT },
        { name: "growth of the page's process after the warm-up", value: grown("resident_bytes"), unit: "%", digits: 1, target: GROWTH_MAX_PERCENT },
        { name: "standstills", value: standstills, unit: "", digits: 0 },
        { name: "same frame on both screens", value: 100 * sameShare(shown, fromMs, untilMs), unit: "%", digits: 2 },
      ],
      notes: [
        `live objects at the start, in the middle and at the end: ${mb("heap_bytes")} MB; processes: ${mb("resident_bytes")} MB`,
        `${rates.length} changes of rate, off 1 by ${quantile(off, 0.5).toFixed(3)} % (p50), ${quantile(off, 0.95).toFixed(3)} % (p95)`,
      ],
    };
  });
