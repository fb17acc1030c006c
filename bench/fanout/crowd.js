// The crowd of viewers: the program in src/, spoken to by lines.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const binary = () => {
  const { VIEWERS_BINARY } = process.env;
  if (!VIEWERS_BINARY) throw new Error("VIEWERS_BINARY names the crowd's program; `make bench-fanout` builds it");
  return VIEWERS_BINARY;
};

export class Crowd {
  #process;
  #lines;
  stormMs = 0;
  missing = 0;

  /** @param {string} address @param {string} path @param {number} viewers */
  constructor(address, path, viewers) {
    this.#process = spawn(binary(), [address, path, String(viewers)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Resolves when every viewer has its first event. @param {string} address @param {string} path @param {number} viewers */
  static async gather(address, path, viewers) {
    const crowd = new Crowd(address, path, viewers);
    const gathered = await crowd.answer();
    crowd.stormMs = gathered.storm_ms;
    crowd.missing = gathered.missing;
    return crowd;
  }

  /** From now on everyone looks out for `needle`; `answer` tells when all have it. @param {string} needle */
  async arm(needle) {
    this.#process.stdin.write(`until ${needle}\n`);
    await this.answer();
  }

  /** From now on every event is noted; `answer` tells of them afterwards. @param {number} ms */
  async listen(ms) {
    this.#process.stdin.write(`listen ${ms}\n`);
    await this.answer();
  }

  async answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the crowd ended; see its words above");
    return JSON.parse(value);
  }

  end() {
    this.#process.kill();
  }
}
