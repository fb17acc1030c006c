// What the system says of a running process.
import { readFileSync, readdirSync } from "node:fs";

/** CPU time so far in whole ticks of 10 ms, as `top` counts it (utime + stime). */
export function ticksMs(/** @type {number} */ pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** What the scheduler measured of each thread, added up over samples, as threads come and go. */
export class CpuMeter {
  #spentNs = 0;
  /** @type {Map<string, number>} */
  #seen = new Map();

  constructor(/** @type {number} */ pid) {
    this.pid = pid;
    this.sample();
    this.#spentNs = 0;
  }

  sample() {
    const now = new Map();
    for (const thread of readdirSync(`/proc/${this.pid}/task`)) {
      const runNs = Number(readFileSync(`/proc/${this.pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
      this.#spentNs += runNs - (this.#seen.get(thread) ?? 0);
      now.set(thread, runNs);
    }
    this.#seen = now;
    return this.#spentNs / 1e6;
  }
}

/** One line of /proc/PID/status in kB: `VmRSS` is the memory it holds, `VmHWM` the most it held. */
export function memoryKb(/** @type {number} */ pid, /** @type {string} */ name) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const found = status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"));
  if (!found) throw new Error(`/proc/${pid}/status says nothing of ${name}`);
  return Number(found[1]);
}
