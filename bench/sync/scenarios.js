// make bench-sync-scenarios, make bench-sync-hour: what becomes of the same frame when things are not ideal.
//
//   node bench/sync/scenarios.js [--only=three,wan,…] [--seconds=60] [--hidden-seconds=60] [--minutes=60]
//                                [--page=/] [--files] [--json=FILE] [--text=FILE] [--strict]
//
// --only names scenarios; without it all but the hour are measured. --seconds is how long viewers watch where nothing else
// sets it, --hidden-seconds how long a tab is in the background, --minutes how long the hour is. The channel is one stream;
// with --files it is files as they came. The network needs namespaces (scripts/bench.sh starts this in one) and the program
// of examples/slow_link. Exit codes are those of run.js.

import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { isHit, table } from "./report.js";
import { background } from "./scenarios/background.js";
import { drift, step } from "./scenarios/clocks.js";
import { hour } from "./scenarios/hour.js";
import { asymmetric, outage, wan } from "./scenarios/network.js";
import { restart } from "./scenarios/restart.js";
import { three } from "./scenarios/three.js";

/** @import { Figure } from "./report.js" */

/**
 * What a scenario is told, and what it tells: figures, and what one should know about them.
 * @typedef {Readonly<{ stage: { house: boolean, page: string }, seconds: number, hidden_seconds: number, minutes: number }>} Wishes
 * @typedef {Readonly<{ about: string, figures: ReadonlyArray<Figure>, notes: ReadonlyArray<string> }>} Outcome
 */

/** @type {Readonly<Record<string, (wishes: Wishes) => Promise<Outcome>>>} */
const SCENARIOS = { three, wan, asymmetric, outage, step, drift, background, restart, hour };
const LONG = ["hour"];

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(SCENARIOS).filter((name) => !LONG.includes(name)).join() },
    seconds: { type: "string", default: "60" },
    "hidden-seconds": { type: "string", default: "60" },
    minutes: { type: "string", default: "60" },
    page: { type: "string", default: "/" },
    files: { type: "boolean", default: false },
    json: { type: "string" },
    text: { type: "string" },
    strict: { type: "boolean", default: false },
  },
});

/** @type {Wishes} */
const wishes = {
  stage: { house: !options.files, page: options.page },
  seconds: Number(options.seconds),
  hidden_seconds: Number(options["hidden-seconds"]),
  minutes: Number(options.minutes),
};

/** @param {string} name @returns {Promise<Figure[]>} its figures, by its name */
async function measure(name) {
  const scenario = SCENARIOS[name];
  if (!scenario) throw new Error(`there is no scenario ${name}; there are ${Object.keys(SCENARIOS).join(", ")}`);
  const { about, figures, notes } = await scenario(wishes);
  console.log([`${name}: ${about}`, table(figures), ...notes.map((note) => `  ${note}`), ""].join("\n"));
  return figures.map((figure) => ({ ...figure, name: `${name}: ${figure.name}` }));
}

async function main() {
  /** @type {Figure[]} */
  const all = [];
  /** @type {string[]} */
  const failed = [];
  const loadBefore = loadavg()[0];
  for (const name of options.only.split(",")) {
    try {
      all.push(...(await measure(name)));
    } catch (error) {
      console.error(`${name} could not be measured:`, error);
      failed.push(name);
      if (process.exitCode) break;
    }
  }
  const text = [
    `all together, ${options.files ? "files" : "the stream"}:`,
    all.length > 0 ? table(all) : "  nothing",
    ...failed.map((name) => `  ${name}: could not be measured`),
    `  load (${cpus().length} processors): ${loadBefore.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after; figures are noisy above ${cpus().length}`,
    "",
  ].join("\n");
  console.log(text);
  if (options.text) await writeFile(options.text, text);
  if (options.json) await writeFile(options.json, JSON.stringify({ options, figures: all, failed }, null, 1));
  if (failed.length > 0) return 2;
  return all.every(isHit) || !options.strict ? 0 : 1;
}

process.exitCode = await main();
