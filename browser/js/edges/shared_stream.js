// The tab's side of the event stream and the clock: through the SharedWorker, or in the page itself where there
// is none.

import { exchangeClock } from "./api.js";
import { ClockProbe } from "./clock_probe.js";
import { EventStream, streamAddress } from "./event_stream.js";
import { localNowMs, timeLimit } from "./now.js";

/** @import { ClockSample } from "../core/server_clock.js" */
/** @import { Connection } from "../core/state.js" */
/** @import { StreamListener } from "./event_stream.js" */

/**
 * @typedef {{ type: "event", event: string, data: unknown }
 *   | { type: "connection", connection: Connection }
 *   | { type: "clock", ticket: number, server_now_ms: number, uncertainty_ms: number }} FromWorker
 * @typedef {{ type: "clock", ticket: number } | { type: "retry" } | { type: "bye" }} ToWorker
 *
 * `refresh()` asks for the time anew, and for the stream if it waits to be tried again.
 * @typedef {{ probe: ClockProbe, refresh: () => Promise<void> }} SharedStream
 */

const WORKER_NAME = "onair-stream-1"; // count up when the messages change
const CLOCK_LIMIT_MS = 1_000;
const DIRECT_EXCHANGES = 3;

/**
 * Opens the stream and the clock for this tab. Pages without a picture are not `watching`, and have a worker of their own.
 * @param {StreamListener} listener
 * @param {AbortSignal} signal
 * @param {{ watching: boolean }} options
 * @returns {SharedStream}
 */
export function openSharedStream(listener, signal, { watching }) {
  const worker = startWorker(watching);
  /** @type {WorkerTab | EventStream} */
  let source = worker ? new WorkerTab(worker.port, listener, signal) : openOwnStream(listener, signal, watching);
  worker?.addEventListener("error", () => {
    source = openOwnStream(listener, signal, watching); // the worker's script could not be loaded or started
  }, { once: true, signal });
  const exchange = () => (source instanceof WorkerTab ? source.exchangeClock(signal) : exchangeClock(signal));
  const probe = new ClockProbe(exchange, signal);
  if (worker) void exchangeDirectly(probe, signal);
  return {
    probe,
    refresh() {
      source.retry();
      return exchangeDirectly(probe, signal);
    },
  };
}

/**
 * The page asks for itself when it cannot wait for the worker, which takes a while to start, and after a sleep has to
 * find out the time itself.
 * @param {ClockProbe} probe @param {AbortSignal} signal
 */
async function exchangeDirectly(probe, signal) {
  for (let done = 0; done < DIRECT_EXCHANGES; done += 1) {
    const sample = await exchangeClock(signal).catch(() => null);
    if (!sample) return; // all connections may be taken: the worker's word will do
    probe.add(sample);
  }
}

/** Where the events' port serves the stream, if the page was told; it speaks no TLS. */
const eventsAddress = () => (location.protocol === "http:" ? (document.documentElement.dataset.events ?? null) : null);

/** @param {boolean} watching */
function startWorker(watching) {
  if (!("SharedWorker" in globalThis)) return null;
  try {
    const script = new URL("./stream_worker.js", import.meta.url);
    if (!watching) script.searchParams.set("watching", "false");
    const events = eventsAddress();
    if (events) script.searchParams.set("events", events);
    return new SharedWorker(script, { type: "module", name: watching ? WORKER_NAME : `${WORKER_NAME}-not-watching` });
  } catch {
    return null;
  }
}

/** @param {StreamListener} listener @param {AbortSignal} signal @param {boolean} watching */
function openOwnStream(listener, signal, watching) {
  const stream = new EventStream(listener, signal, streamAddress(watching, eventsAddress()));
  addEventListener("online", () => stream.retry(), { signal });
  return stream;
}

class WorkerTab {
  #port;
  /** @type {Map<number, (reading: { server_now_ms: number, uncertainty_ms: number }) => void>} */
  #asked = new Map();
  #ticket = 0;

  /** @param {MessagePort} port @param {StreamListener} listener @param {AbortSignal} signal */
  constructor(port, listener, signal) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#hear(data, listener);
    const bye = () => port.postMessage(/** @type {ToWorker} */ ({ type: "bye" }));
    signal.addEventListener("abort", bye, { once: true });
    addEventListener("pagehide", ({ persisted }) => persisted || bye(), { signal });
  }

  retry() {
    this.#port.postMessage(/** @type {ToWorker} */ ({ type: "retry" }));
  }

  /**
   * Asks the worker what the server's clock says; its uncertainty widens the proof.
   * @param {AbortSignal} signal
   * @returns {Promise<ClockSample>}
   */
  exchangeClock(signal) {
    const ticket = (this.#ticket += 1);
    const limit = timeLimit(CLOCK_LIMIT_MS, signal);
    return new Promise((resolve, reject) => {
      const sent_local_ms = localNowMs();
      const give_up = () => {
        this.#asked.delete(ticket);
        reject(new Error("the stream worker knows no time yet"));
      };
      limit.addEventListener("abort", give_up, { once: true });
      this.#asked.set(ticket, ({ server_now_ms, uncertainty_ms }) => {
        limit.removeEventListener("abort", give_up);
        if (!Number.isFinite(server_now_ms)) return give_up();
        return resolve({
          sent_local_ms,
          received_local_ms: localNowMs(),
          server_received_ms: server_now_ms + uncertainty_ms,
          server_sent_ms: server_now_ms - uncertainty_ms,
          resolution_ms: 0,
        });
      });
      this.#port.postMessage(/** @type {ToWorker} */ ({ type: "clock", ticket }));
    });
  }

  /** @param {FromWorker} message @param {StreamListener} listener */
  #hear(message, listener) {
    if (message.type === "event") listener.onEvent(message.event, message.data);
    else if (message.type === "connection") listener.onConnection(message.connection);
    else if (message.type === "clock") {
      this.#asked.get(message.ticket)?.(message);
      this.#asked.delete(message.ticket);
    }
  }
}
