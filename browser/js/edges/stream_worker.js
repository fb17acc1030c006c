// A SharedWorker: one event stream and one clock probe for all tabs of a browser, because HTTP/1.1 allows six
// connections to a host and every long video keeps one.

import { exchangeClock } from "./api.js";
import { ClockProbe } from "./clock_probe.js";
import { EventStream, streamAddress } from "./event_stream.js";
import { every, localNowMs } from "./now.js";

/** @import { Connection } from "../core/state.js" */
/** @import { FromWorker, ToWorker } from "./shared_stream.js" */

/** A tab says something at least every ten seconds, a hidden and throttled one every minute. */
const LEASE_MS = 3 * 60_000;
const TABS_MAX = 256;

const whole = new AbortController();
/** @type {Map<MessagePort, number>} each tab's port and when it was last heard */
const tabs = new Map();
/** @type {unknown} */
let lastOnAir = null;
/** @type {Connection} */
let connection = "connecting";

/** @param {FromWorker} message */
function broadcast(message) {
  for (const port of tabs.keys()) port.postMessage(message);
}

const asked = new URLSearchParams(self.location.search);
const stream = new EventStream(
  {
    onEvent(type, data) {
      if (type === "on-air") lastOnAir = data;
      broadcast({ type: "event", event: type, data });
    },
    onConnection(now) {
      connection = now;
      broadcast({ type: "connection", connection });
    },
  },
  whole.signal,
  streamAddress(asked.get("watching") !== "false", asked.get("events")),
);
const probe = new ClockProbe(exchangeClock, whole.signal);

/** @param {MessagePort} port @param {ToWorker} message */
function answer(port, message) {
  tabs.set(port, localNowMs());
  if (message.type === "clock") {
    /** @type {FromWorker} */
    const reading = { type: "clock", ticket: message.ticket, server_now_ms: probe.serverNowMs(), uncertainty_ms: probe.estimate?.uncertainty_ms ?? NaN };
    port.postMessage(reading);
  } else if (message.type === "retry") {
    stream.retry();
    void probe.refresh();
  } else if (message.type === "bye") {
    tabs.delete(port);
    port.close();
  }
}

self.addEventListener("connect", (event) => {
  const port = /** @type {MessageEvent} */ (event).ports[0];
  if (!port || tabs.size >= TABS_MAX) return;
  tabs.set(port, localNowMs());
  port.onmessage = ({ data }) => answer(port, data);
  port.postMessage(/** @type {FromWorker} */ ({ type: "connection", connection }));
  if (lastOnAir) port.postMessage(/** @type {FromWorker} */ ({ type: "event", event: "on-air", data: lastOnAir }));
});

self.addEventListener("online", () => stream.retry());

every(LEASE_MS, () => {
  for (const [port, heardMs] of tabs) if (localNowMs() - heardMs > LEASE_MS) tabs.delete(port);
});
