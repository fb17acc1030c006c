// A player as a process of its own: what it says, line by line, with the moment it came.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Nobody reads more than this of what a player says. */
const MOST_LINES = 200_000;
const STOP_LIMIT_MS = 5_000;

/** @typedef {{ text: string, atMs: number }} Line */

export class Player {
  /** @type {Line[]} */
  lines = [];
  /** @type {(() => void)[]} */
  #wakers = [];

  /** @param {string} program @param {string[]} words @param {{ env?: Record<string, string | undefined> }} [options] */
  constructor(program, words, options = {}) {
    this.startedMs = performance.now();
    this.process = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C", ...options.env } });
    this.ended = once(this.process, "close");
    for (const stream of [this.process.stdout, this.process.stderr]) {
      createInterface({ input: stream }).on("line", (text) => {
        if (this.lines.length < MOST_LINES) this.lines.push({ text, atMs: performance.now() });
        for (const wake of this.#wakers.splice(0)) wake();
      });
    }
    this.ended.then(() => this.#wakers.splice(0).forEach((wake) => wake()));
  }

  get hasEnded() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** The first line that fits, once it was said. @param {RegExp} pattern @param {number} limitMs @returns {Promise<Line>} */
  async said(pattern, limitMs) {
    const limit = performance.now() + limitMs;
    let looked = 0;
    for (;;) {
      for (; looked < this.lines.length; looked += 1) {
        const line = this.lines[looked];
        if (line && pattern.test(line.text)) return line;
      }
      const leftMs = limit - performance.now();
      if (leftMs <= 0 || this.hasEnded) throw new Error(`it did not say ${pattern}:\n${this.lastWords()}`);
      await new Promise((then) => {
        const timer = setTimeout(then, leftMs);
        this.#wakers.push(() => (clearTimeout(timer), then(undefined)));
      });
    }
  }

  /** All numbers that `pattern` finds, in the order they were said. @param {RegExp} pattern */
  numbers(pattern) {
    return this.lines.flatMap(({ text }) => {
      const found = pattern.exec(text)?.[1];
      return found === undefined ? [] : [Number(found)];
    });
  }

  /** @param {RegExp} pattern */
  texts(pattern) {
    return this.lines.filter(({ text }) => pattern.test(text)).map(({ text }) => text);
  }

  lastWords() {
    return this.lines.slice(-8).map(({ text }) => text).join("\n");
  }

  /** Ends it. @param {NodeJS.Signals} [signal] */
  async stop(signal = "SIGTERM") {
    if (!this.hasEnded) {
      this.process.kill(signal);
      const force = setTimeout(() => this.process.kill("SIGKILL"), STOP_LIMIT_MS);
      await this.ended;
      clearTimeout(force);
    }
  }
}

/**
 * How far sound and picture are apart, from when each programme's first second of darkness and of silence ends.
 * A programme without sound has no end of silence of its own.
 * @param {number[]} light @param {number[]} loud in seconds
 */
export function skewMs(light, loud) {
  // What began before the player did, or ended after it, has no partner.
  const [first, last] = [light[0] ?? 0, light.at(-1) ?? 0];
  const within = loud.filter((at) => at > first - 0.5 && at < last + 0.5);
  const apart = within.map((at) => Math.min(...light.map((other) => Math.abs(other - at))));
  return apart.length > 0 ? Math.max(...apart) * 1000 : Number.NaN;
}

/**
 * `late`: how often a player had bytes and time stamps but no processor in time; `frames`: how many it showed, if it tells.
 * @typedef {{
 *   name: string, changes: number, seconds: number, errors: string[], stalls: number, backwards: number, late?: number, frames?: number,
 *   skewMs: number | null, firstFrameMs: number | null, note?: string,
 * }} Report
 */
