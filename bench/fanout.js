// What many viewers of the event stream cost: OnAir beside nginx with nchan, in one run on this machine.
// usage: node bench/fanout.js [--viewers=5000,15000] [--evening]
// Needs the built tool bench/fanout/ (VIEWERS_BINARY) and nginx with nchan; `make bench-fanout` sees to both.
import { parseArgs } from "node:util";

import { startNchan } from "./fanout/nchan.js";
import { Crowd } from "./fanout/crowd.js";
import { OnAir } from "./fanout/onair.js";
import { table } from "./fanout/table.js";
import { CpuMeter, memoryKb } from "./process.js";
import { setTimeout as sleep } from "node:timers/promises";

const ROUNDS = 10;
/** Longer than votes are gathered for, so that each round's event is on its way at once. */
const BETWEEN_ROUNDS_MS = 700;
const SETTLE_MS = 3_000;
const EVENING = { viewers: 10_000, votesPerSecond: 50, voters: 100, lengthMs: 45_000, targetMs: 250 };

const { values: options } = parseArgs({ options: { viewers: { type: "string", default: "5000,15000" }, evening: { type: "boolean", default: false } } });

/** @param {number[]} numbers */
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** CPU in milliseconds of several processes. @param {number[]} pids */
function cpuOf(pids) {
  const meters = pids.map((pid) => new CpuMeter(pid));
  return () => meters.reduce((sum, meter) => sum + meter.sample(), 0);
}

/** @param {number[]} pids */
const rssKb = (pids) => pids.reduce((sum, pid) => sum + memoryKb(pid, "VmRSS"), 0);

/** One server under one crowd. @param {() => Promise<import("./fanout/onair.js").Server>} start @param {number} viewers */
async function measure(start, viewers) {
  const server = await start();
  /** @type {Crowd | null} */
  let crowd = null;
  try {
    await sleep(SETTLE_MS);
    const idleKb = rssKb(server.pids());
    crowd = await Crowd.gather(server.address, server.path, viewers);
    await sleep(SETTLE_MS);
    const memory_kb = (rssKb(server.pids()) - idleKb) / viewers;
    const [p50, p99, last] = [[], [], []].map(() => /** @type {number[]} */ ([]));
    const cpuMs = cpuOf(server.pids());
    let missing = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await crowd.arm(server.needle());
      const began = process.hrtime.bigint();
      await server.publish();
      const had = await crowd.answer();
      missing += had.missing;
      for (const [list, at] of [[p50, had.p50_ns], [p99, had.p99_ns], [last, had.last_ns]]) list.push((at - Number(began)) / 1e6);
      await sleep(BETWEEN_ROUNDS_MS);
    }
    const cpu_us = (cpuMs() * 1000) / (viewers * ROUNDS);
    return {
      server: server.name, viewers, memory_kb, cpu_us, storm_s: crowd.stormMs / 1000,
      p50_ms: median(p50), p99_ms: median(p99), last_ms: median(last), missing: missing + crowd.missing,
    };
  } finally {
    crowd?.end();
    await server.stop();
  }
}

async function sideBySide() {
  const onEventsPort = () => OnAir.onEventsPort();
  const rows = [];
  for (const viewers of options.viewers.split(",").map(Number)) {
    // The main port once, as it takes long to fill.
    const servers = rows.length ? [startNchan, onEventsPort] : [startNchan, onEventsPort, OnAir.onMainPort];
    for (const start of servers) {
      const row = await measure(start, viewers);
      rows.push(row);
      console.log(`${row.server}, ${viewers} viewers: ${row.memory_kb.toFixed(2)} KB each, ${row.cpu_us.toFixed(2)} µs an event`);
    }
  }
  console.log(table(rows, "nchan"));
  return rows.every(({ missing }) => missing === 0);
}

/** 10,000 viewers, votes and a change of programme. */
async function evening() {
  const server = await OnAir.inTheEvening();
  const crowd = await Crowd.gather(server.address, server.path, EVENING.viewers);
  try {
    await server.voters(EVENING.voters);
    await sleep(SETTLE_MS);
    const cpuMs = cpuOf(server.pids());
    await crowd.listen(EVENING.lengthMs);
    const votes = await server.vote(EVENING.votesPerSecond, EVENING.lengthMs);
    const heard = await crowd.answer();
    const cpu = cpuMs();
    console.log(`${EVENING.viewers} viewers, ${votes} votes in ${EVENING.lengthMs / 1000} s, ${heard.events} events, ` +
      `${(heard.on_air / EVENING.viewers).toFixed(1)} snapshots a viewer`);
    console.log(`CPU: ${(cpu / EVENING.lengthMs * 100).toFixed(0)} % of a processor, ${(cpu * 1000 / heard.delivered).toFixed(1)} µs per delivered event`);
    console.log(`An event is with everyone after the first viewer has it: p50 ${heard.p50_ms} ms, p99 ${heard.p99_ms} ms, last ${heard.last_ms} ms; ` +
      `a snapshot after it was written: p99 ${heard.on_air_p99_ms} ms; target p99 ≤ ${EVENING.targetMs} ms`);
    return heard.p99_ms <= EVENING.targetMs;
  } finally {
    crowd.end();
    await server.stop();
  }
}

process.exitCode = (await (options.evening ? evening() : sideBySide())) ? 0 : 1;
