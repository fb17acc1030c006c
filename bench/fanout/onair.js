// The station under a crowd, and people who vote.
import { filmFolder } from "../../tests/browser/support/films.js";
import { freePort } from "../../tests/browser/support/port.js";
import { onTheChannel } from "../../tests/browser/support/pages.js";
import { Station } from "../../tests/browser/support/station.js";

/**
 * `publish` has everyone sent something that `needle` was not in before.
 * @typedef {{ name: string, address: string, path: string, pids: () => number[], needle: () => string,
 *   publish: () => Promise<void>, stop: () => Promise<void> }} Server
 */

/** One for each time that something is published. */
const MOST_LIKES = 20;
/** Nothing else happens while votes are measured. */
const LONG = { "Long.mp4": { seconds: 600 } };
/** Several changes of programme in an evening. */
const SHORT = { "One.mp4": { seconds: 13 }, "Two.mp4": { seconds: 13, hue: 90 } };

export class OnAir {
  #station;
  #films;
  #video = "";
  #likes = 0;
  /** @type {{ cookie: string, likes: boolean }[]} */
  #voters = [];
  path = "/video-updates";

  /** @param {string} name @param {Station} station @param {{ remove: () => Promise<void> }} films @param {number} port */
  constructor(name, station, films, port) {
    this.name = name;
    this.#station = station;
    this.#films = films;
    this.address = `127.0.0.1:${port}`;
  }

  static async onMainPort() {
    const { station, films } = await startWith(LONG);
    return new OnAir("OnAir, main port", station, films, station.port).#ready();
  }

  static async onEventsPort(plan = LONG) {
    const port = await freePort();
    const { station, films } = await startWith(plan, { ONAIR_EVENTS_PORT: String(port) });
    return new OnAir("OnAir, events' port", station, films, port).#ready();
  }

  static async inTheEvening() {
    return OnAir.onEventsPort(SHORT);
  }

  async #ready() {
    const { videos } = await fetch(`${this.#station.url}/videos`).then((answer) => answer.json());
    this.#video = videos[0].id;
    await this.voters(MOST_LIKES);
    return this;
  }

  needle() {
    return `"likes":${this.#likes + 1},`;
  }

  pids() {
    return [this.#station.pid];
  }

  /** Brings so many people who can vote. @param {number} count */
  async voters(count) {
    while (this.#voters.length < count) {
      const page = await fetch(`${this.#station.url}/`);
      const cookie = page.headers.getSetCookie()[0].split(";")[0];
      await page.body?.cancel();
      this.#voters.push({ cookie, likes: false });
    }
  }

  /** @param {{ cookie: string, likes: boolean }} voter */
  async #cast(voter) {
    voter.likes = !voter.likes;
    const url = `${this.#station.url}/like/${this.#video}?vote=${voter.likes ? "like" : "none"}`;
    const answer = await fetch(url, { method: "POST", headers: { cookie: voter.cookie } });
    if (!answer.ok) throw new Error(`a vote was answered with ${answer.status}`);
    await answer.body?.cancel();
  }

  /** One more like, of which everyone is told: as a vote, or in a snapshot if one is due. */
  async publish() {
    await this.#cast(this.#voters[this.#likes]);
    this.#likes += 1;
  }

  /** Everyone's votes in turn, so many a second; says how many there were. @param {number} perSecond @param {number} ms */
  async vote(perSecond, ms) {
    const began = performance.now();
    /** @type {Promise<void>[]} */
    const cast = [];
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const passedMs = performance.now() - began;
        while (cast.length < (passedMs / 1000) * perSecond) cast.push(this.#cast(this.#voters[cast.length % this.#voters.length]));
        if (passedMs < ms) return;
        clearInterval(timer);
        Promise.all(cast).then(() => resolve(cast.length), reject);
      }, 20);
    });
  }

  async stop() {
    await this.#station.stop();
    await this.#films.remove();
  }
}

/** @param {Parameters<typeof filmFolder>[0]} plan @param {Record<string, string>} [environment] */
async function startWith(plan, environment) {
  const films = await filmFolder(plan);
  const station = await Station.start({ staticDir: films.directory, environment });
  await onTheChannel(station, Object.keys(plan).length);
  return { station, films };
}
