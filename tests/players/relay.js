// A front door that stays open while the station restarts, as a proxy that tries again is one: a connection waits for
// the station a few seconds. Players built on FFmpeg give a channel up for good if a single request is refused.

import { connect, createServer } from "node:net";
import { once } from "node:events";

const PATIENCE_MS = 10_000;
const AGAIN_MS = 25;

/** @param {number} port of the station */
export async function openRelay(port) {
  /** @type {Set<import("node:net").Socket>} */
  const open = new Set();
  const server = createServer({ allowHalfOpen: false }, (client) => {
    open.add(client);
    client.on("error", () => client.destroy());
    client.on("close", () => open.delete(client));
    attach(client, port, performance.now() + PATIENCE_MS);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      for (const client of open) client.destroy();
      server.close();
    },
  };
}

/** @param {import("node:net").Socket} client @param {number} port @param {number} untilMs */
function attach(client, port, untilMs) {
  if (client.destroyed) return;
  const station = connect(port, "127.0.0.1");
  station.once("connect", () => {
    station.on("error", () => client.destroy());
    client.on("close", () => station.destroy());
    client.pipe(station);
    station.pipe(client);
  });
  station.once("error", () => {
    if (performance.now() > untilMs) client.destroy();
    else setTimeout(() => attach(client, port, untilMs), AGAIN_MS);
  });
}
