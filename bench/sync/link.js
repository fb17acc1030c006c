// A network of two: where this process runs is the servers' side; the viewers' side is a network namespace of its own,
// behind a line that is slow and loses frames (examples/slow_link). All of it goes away with this process, however it ends:
// the interfaces belong to the line's program and the namespace to a `cat`, and both end with their standard input.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromiumPath } from "../../tests/browser/support/chromium.js";

const run = promisify(execFile);

/** Addresses for documentation (RFC 5737), which no real network has. */
const NEAR = { name: "onair-near", address: "198.51.100.1", hardware: "02:00:00:00:00:01" };
const FAR = { name: "onair-far", address: "198.51.100.2", hardware: "02:00:00:00:00:02" };
const INSIDE = fileURLToPath(new URL("./inside.sh", import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../../target", import.meta.url));

/**
 * Delay and jitter in milliseconds, from viewers to servers and back, and the share of frames lost each way.
 * @typedef {Readonly<{ up: [number, number], down: [number, number], loss?: number, seed?: number }>} Manners
 *
 * What one direction did; how late frames were handed over, in microseconds.
 * @typedef {Readonly<{ forwarded: number, lost: number, late_us: { p50: number, p99: number, max: number } }>} Report
 */

/**
 * A line that waited for a browser to leave it a processor would be a slower one than it was made to be.
 * @param {string} program @param {string[]} words @returns {Promise<[string, string[]]>}
 */
const promptly = (program, words) =>
  run("chrt", ["--rr", "1", "true"]).then(
    () => ["chrt", ["--rr", "1", program, ...words]],
    () => [program, words],
  );

export class Link {
  /** @param {import("node:child_process").ChildProcess} holder @param {import("node:child_process").ChildProcess} line */
  constructor(holder, line) {
    this.holder = holder;
    this.line = line;
    this.words = createInterface({ input: line.stdout })[Symbol.asyncIterator]();
  }

  /** How viewers reach the station. */
  static address = NEAR.address;

  /** @param {Manners} manners */
  static async open({ up, down, loss = 0, seed = 1 }) {
    const program = `${TARGET}/debug/examples/slow_link`;
    if (!existsSync(program)) throw new Error("there is no line yet: run `cargo build --example slow_link` first");
    const holder = spawn("unshare", ["--net", "cat"], { stdio: ["pipe", "pipe", "inherit"] });
    const words = ["--near", NEAR.name, "--far", FAR.name, "--up", up.join(":"), "--down", down.join(":"), "--loss", String(loss), "--seed", String(seed)];
    const line = spawn(...(await promptly(program, words)), { stdio: ["pipe", "pipe", "inherit"] });
    const link = new Link(holder, line);
    try {
      holder.stdin.write("\n");
      await Promise.all([once(holder.stdout, "data"), link.#says("ready")]);
      await link.#join();
      return link;
    } catch (error) {
      await link.close();
      throw new Error("no network of one's own; `make bench-sync-scenarios` has what it takes", { cause: error });
    }
  }

  /** Options for a browser on the viewers' side. */
  get browser() {
    return { executablePath: INSIDE, env: { ...process.env, NETWORK_OF: String(this.holder.pid), BROWSER: chromiumPath() } };
  }

  /** Everything is lost from now on. */
  async cut() {
    this.line.stdin?.write("cut\n");
    await this.#says("cut");
  }

  async mend() {
    this.line.stdin?.write("mend\n");
    await this.#says("mended");
  }

  /** @returns {Promise<{ up: Report, down: Report } | null>} what the line did; null if it never worked */
  async close() {
    const ended = this.line.exitCode === null ? once(this.line, "exit") : null;
    this.line.stdin?.end();
    this.holder.stdin?.end();
    const { value } = await this.words.next();
    await ended;
    return value ? JSON.parse(value) : null;
  }

  /** @param {string} word */
  async #says(word) {
    const { value } = await this.words.next();
    if (value !== word) throw new Error(`the line says ${value}, not ${word}`);
  }

  /** Takes the far interface to the viewers' side. Who is at the other end is told: a frame lost while asking would cost a second. */
  async #join() {
    const far = ["--net", "--target", String(this.holder.pid)];
    await run("ip", ["link", "set", FAR.name, "netns", String(this.holder.pid)]);
    const sides = [
      { own: NEAR, other: FAR, ip: (/** @type {string[]} */ ...words) => run("ip", words) },
      { own: FAR, other: NEAR, ip: (/** @type {string[]} */ ...words) => run("nsenter", [...far, "ip", ...words]) },
    ];
    for (const { own, other, ip } of sides) {
      await ip("link", "set", "lo", "up");
      await ip("link", "set", own.name, "address", own.hardware);
      await ip("address", "add", `${own.address}/24`, "dev", own.name);
      await ip("link", "set", own.name, "up");
      await ip("neighbour", "replace", other.address, "lladdr", other.hardware, "dev", own.name, "nud", "permanent");
    }
  }
}
