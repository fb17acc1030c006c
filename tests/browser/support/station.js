// A real station for tests and benchmarks: the built binary on a free port, with directories of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./port.js";

const ROOT = resolve(fileURLToPath(new URL("../../..", import.meta.url)));
const READY_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 7_000;
const OUTPUT_MAX = 64 * 1024;

/** The binary to test: `STATION_BINARY`, else the release build, else the debug build. */
export function findBinary() {
  const candidates = [process.env.STATION_BINARY, join(ROOT, "target/release/onair"), join(ROOT, "target/debug/onair")];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error("no onair binary: run `cargo build --release` first");
  return found;
}

export class Station {
  #directory;
  #environment;
  /** @type {import("node:child_process").ChildProcess | null} */
  #process = null;
  /** The last of what it said. */
  output = "";

  /** @param {string} directory @param {number} port @param {Record<string, string>} environment */
  constructor(directory, port, environment) {
    this.#directory = directory;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#environment = environment;
  }

  /**
   * Starts a station and waits until it is ready.
   * @param {{ staticDir?: string, environment?: Record<string, string> }} [options]
   */
  static async start({ staticDir, environment = {} } = {}) {
    const directory = await mkdtemp(join(tmpdir(), "onair-"));
    const at = (/** @type {string} */ name) => join(directory, name);
    for (const name of ["data", "uploads", "static"]) await mkdir(at(name));
    const port = await freePort();
    const station = new Station(directory, port, {
      ONAIR_DATA_DIR: at("data"),
      ONAIR_UPLOADS_DIR: at("uploads"),
      ONAIR_STATIC_DIR: staticDir ?? at("static"),
      // Converting takes processors from what is tested; a test about it says so.
      ONAIR_WORKERS: "0",
      ROCKET_ADDRESS: "127.0.0.1",
      ROCKET_PORT: String(port),
      ONAIR_EVENTS_PORT: String(await freePort()),
      ...environment,
    });
    await station.boot();
    return station;
  }

  /** The process's id; 0 when it does not run. */
  get pid() {
    return this.#process?.pid ?? 0;
  }

  get uploadsDir() {
    return this.#environment.ONAIR_UPLOADS_DIR;
  }

  /** Starts the process, again after `kill`, on the same port and data. */
  async boot() {
    const child = spawn(findBinary(), ["serve"], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (piece) => {
        this.output = (this.output + piece).slice(-OUTPUT_MAX);
      });
    }
    const limit = performance.now() + READY_LIMIT_MS;
    while (performance.now() < limit && child.exitCode === null) {
      const ready = await fetch(`${this.url}/readyz`).then(({ ok }) => ok, () => false);
      if (ready) return;
      await new Promise((then) => setTimeout(then, 20));
    }
    throw new Error(`the station did not get ready:\n${this.output}`);
  }

  /**
   * Has the films in `directory` on the air from the first frame on, as they are now. A station that comes up without any
   * has announced nothing, so nobody waits until what was on and what came next are over.
   * @param {string} directory
   */
  async beginAnew(directory) {
    await this.kill();
    const aside = join(this.#directory, "aside");
    await mkdir(aside);
    const names = await readdir(directory);
    for (const name of names) await rename(join(directory, name), join(aside, name));
    await this.boot();
    for (const name of names) await rename(join(aside, name), join(directory, name));
  }

  /** Ends the process without a chance to tidy up, as a power cut would. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Stops the station and removes its directories. */
  async stop() {
    await this.#end("SIGTERM");
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const force = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await ended;
    clearTimeout(force);
  }
}
