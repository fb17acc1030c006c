// Reads a stream of events for ever: reconnects with back-off and jitter, tells the server the last event it
// saw, and gives up a connection that has gone silent. Where the server has a port for events only, that is tried first.

import { Backoff } from "../core/backoff.js";
import { SseParser } from "../core/sse.js";
import { after, localNowMs, pause } from "./now.js";

/** @import { Connection } from "../core/state.js" */

const STREAM_URL = "/video-updates";

/**
 * Where the channel's stream is; who is not watching is not counted.
 * @param {boolean} watching
 * @param {string | null} first the same at the events' port, if the page was told of one
 * @returns {StreamAddress}
 */
export function streamAddress(watching, first) {
  if (watching) return { main: STREAM_URL, first };
  return { main: `${STREAM_URL}?watching=false`, first: first && `${first}&watching=false` };
}

/** The server writes at least every 15 s; two missed and a bit mean the line is dead. */
const SILENCE_LIMIT_MS = 40_000;
const CONNECT_LIMIT_MS = 10_000;
/** A firewall may let nothing through to the events' port, and say nothing: the main port is there as well. */
const FIRST_LIMIT_MS = 1_000;
/** So long the main port is asked alone, once it answered and the events' port did not. */
const FIRST_ASIDE_MS = 10 * 60_000;
/** A connection that lasted this long was a good one. */
const GOOD_AFTER_MS = 5_000;

/**
 * @typedef {{ body: ReadableStream<Uint8Array<ArrayBuffer>>, cut: AbortController }} Opened
 *
 * On this host; `first` may be on another port of it.
 * @typedef {{ main: string, first?: string | null }} StreamAddress
 *
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
  #firstAsideUntilMs = -Infinity;

  /**
   * @param {StreamListener} listener
   * @param {AbortSignal} signal ends the stream
   * @param {StreamAddress} [address]
   */
  constructor(listener, signal, address = { main: STREAM_URL }) {
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
      await this.#follow().catch(() => {}); // every failure has the same answer: wait, then try again
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

  /** Reads until the stream ends: from the events' port if it can be reached, else from the main port. */
  async #follow() {
    const { main, first } = this.#address;
    if (!first || localNowMs() < this.#firstAsideUntilMs) return this.#read(await this.#open(main));
    // A field of its own in the request would have the browser ask whether it may, and a snapshot comes in any case.
    const opened = await this.#open(first, { headers: {}, limitMs: FIRST_LIMIT_MS }).catch(() => null);
    if (opened) return this.#read(opened);
    const instead = await this.#open(main); // if neither answers, the server is away
    this.#firstAsideUntilMs = localNowMs() + FIRST_ASIDE_MS;
    return this.#read(instead);
  }

  /**
   * @param {string} address
   * @param {{ headers?: Record<string, string>, limitMs?: number }} [options]
   * @returns {Promise<Opened>}
   */
  async #open(address, { headers = this.#lastEventId ? { "Last-Event-ID": this.#lastEventId } : {}, limitMs = CONNECT_LIMIT_MS } = {}) {
    const cut = new AbortController();
    const cancelLimit = after(limitMs, () => cut.abort(), this.#signal);
    try {
      const answer = await fetch(address, {
        headers: { Accept: "text/event-stream", ...headers },
        cache: "no-store",
        credentials: "same-origin",
        signal: AbortSignal.any([cut.signal, this.#signal]),
      });
      const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
      if (!answer.ok || !isStream || !answer.body) throw new Error(`${address} answered ${answer.status}`);
      return { body: answer.body, cut };
    } catch (error) {
      cut.abort();
      throw error;
    } finally {
      cancelLimit();
    }
  }

  /** @param {Opened} opened */
  async #read({ body, cut }) {
    const limit = () => after(SILENCE_LIMIT_MS, () => cut.abort(), this.#signal);
    let cancelLimit = limit();
    try {
      const parser = new SseParser();
      parser.lastEventId = this.#lastEventId;
      const pieces = body.pipeThrough(new TextDecoderStream()).getReader();
      this.#listener.onConnection("open");
      while (true) {
        const { value, done } = await pieces.read();
        if (done) return;
        cancelLimit();
        cancelLimit = limit();
        for (const { type, data } of parser.push(value)) this.#listener.onEvent(type, JSON.parse(data));
        this.#lastEventId = parser.lastEventId;
      }
    } finally {
      cancelLimit();
      cut.abort();
    }
  }
}
