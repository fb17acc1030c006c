// Reads a stream of events for ever: reconnects with back-off and jitter, tells the server the last event it
// saw, and gives up a connection that has gone silent.

import { Backoff } from "../core/backoff.js";
import { SseParser } from "../core/sse.js";
import { after, localNowMs, pause } from "./now.js";

/** @import { Connection } from "../core/state.js" */

const STREAM_URL = "/video-updates";

/** Where the channel's stream is; who is not watching is not counted. @param {boolean} watching */
export const streamAddress = (watching) => (watching ? STREAM_URL : `${STREAM_URL}?watching=false`);

/** The server writes at least every 15 s; two missed and a bit mean the line is dead. */
const SILENCE_LIMIT_MS = 40_000;
const CONNECT_LIMIT_MS = 10_000;
/** A connection that lasted this long was a good one. */
const GOOD_AFTER_MS = 5_000;

/**
 * @typedef {{
 *   onEvent: (type: string, data: unknown) => void,
 *   onConnection: (connection: Connection) => void,
 * }} StreamListener
 */

export class EventStream {
  #address;
  #listener;
  #signal;
  #backoff = new Backoff({ first_ms: 300, limit_ms: 8_000 });
  #lastEventId = "";
  /** Cuts the present wait or a connection that may be dead. */
  #nudge = new AbortController();
  #waiting = false;

  /**
   * @param {StreamListener} listener
   * @param {AbortSignal} signal ends the stream
   * @param {string} [address] on this host
   */
  constructor(listener, signal, address = STREAM_URL) {
    this.#address = address;
    this.#listener = listener;
    this.#signal = signal;
    void this.#run();
  }

  /** Tries again now, if it was waiting to: the network came back, the page is visible again. */
  retry() {
    if (!this.#waiting) return;
    this.#backoff.reset();
    this.#nudge.abort();
  }

  async #run() {
    while (!this.#signal.aborted) {
      const startedMs = localNowMs();
      await this.#connect().catch(() => {}); // every failure has the same answer: wait, then try again
      if (this.#signal.aborted) return;
      const wasGood = localNowMs() - startedMs > GOOD_AFTER_MS;
      if (wasGood) this.#backoff.reset();
      this.#listener.onConnection(wasGood ? "connecting" : "lost");
      await this.#wait(this.#backoff.next(Math.random()));
    }
  }

  /** @param {number} ms */
  async #wait(ms) {
    this.#nudge = new AbortController();
    this.#waiting = true;
    await pause(ms, AbortSignal.any([this.#nudge.signal, this.#signal]));
    this.#waiting = false;
  }

  async #connect() {
    const cut = new AbortController();
    const limit = (/** @type {number} */ ms) => after(ms, () => cut.abort(), this.#signal);
    let cancelLimit = limit(CONNECT_LIMIT_MS);
    try {
      const answer = await fetch(this.#address, {
        headers: { Accept: "text/event-stream", ...(this.#lastEventId && { "Last-Event-ID": this.#lastEventId }) },
        cache: "no-store",
        signal: AbortSignal.any([cut.signal, this.#signal]),
      });
      const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
      if (!answer.ok || !isStream || !answer.body) throw new Error(`${this.#address} answered ${answer.status}`);
      const parser = new SseParser();
      parser.lastEventId = this.#lastEventId;
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      this.#listener.onConnection("open");
      while (true) {
        cancelLimit();
        cancelLimit = limit(SILENCE_LIMIT_MS);
        const { value, done } = await pieces.read();
        if (done) return;
        for (const { type, data } of parser.push(value)) this.#listener.onEvent(type, JSON.parse(data));
        this.#lastEventId = parser.lastEventId;
      }
    } finally {
      cancelLimit();
      cut.abort();
    }
  }
}
