// mpv without a window: plays at the stream's own pace, as on a television.

import { connect } from "node:net";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Player, skewMs } from "./heard.js";

/** @import { Report } from "./heard.js" */

const START_LIMIT_MS = 20_000;
/** Words of its own about options, which are no complaint about the stream. */
const FAULT = /error|invalid|corrupt|desync|discontinu|non-mon|failed|too slow|underrun|reset/i;
/** Its audio device, which is none, was not served in time by a busy machine. */
const LATE = /Audio device underrun detected/;
const HARMLESS = /Audio device underrun|restarting audio after underrun|^\[ipc_|^\[cplayer\] (Command line|Setting option|Set property|Run command)|command line options/i;

/** @param {string} name @param {string} url */
export function playInMpv(name, url) {
  const socketPath = join(tmpdir(), `onair-mpv-${process.pid}-${name.replaceAll(/\W/g, "-")}`);
  const player = new Player("mpv", [
    ...["--no-config", "--vo=null", "--ao=null", "--no-terminal", "--msg-level=all=warn,ffmpeg=v,cplayer=v", "--terminal=yes"],
    ...["--no-input-terminal", "--really-quiet=no", `--input-ipc-server=${socketPath}`],
    ...["--vf=lavfi=[blackdetect=d=0.3:pix_th=0.2]", "--af=lavfi=[silencedetect=n=-50dB:d=0.3]", url],
  ]);
  const watch = watchProperties(socketPath, player);
  return {
    name,
    player,
    /** How long from its start to the first picture. */
    async firstFrameMs() {
      return (await player.said(/first video frame after restart shown/, START_LIMIT_MS)).atMs - player.startedMs;
    },
    /** @returns {Promise<Report>} */
    async report() {
      const endedItself = player.hasEnded;
      const firstFrameMs = await this.firstFrameMs().catch(() => null);
      const seen = await watch.then((watched) => watched.end());
      await player.stop();
      await rm(socketPath, { force: true });
      const light = player.numbers(/black_end:([\d.]+)/);
      const errors = player.texts(FAULT).filter((text) => !HARMLESS.test(text));
      return {
        name,
        changes: Math.max(0, light.length - 1),
        seconds: seen.seconds,
        errors: endedItself ? [...errors, `it ended by itself: ${player.lastWords()}`] : errors,
        stalls: seen.stalls,
        late: player.texts(LATE).length,
        backwards: light.filter((at, place) => place > 0 && at <= Number(light[place - 1])).length + seen.backwards,
        skewMs: skewMs(light, player.numbers(/silence_end: ([\d.]+)/)),
        firstFrameMs,
        note: `A-V at most ${(seen.mostApartS * 1000).toFixed(1)} ms, ${seen.dropped} frames dropped`,
      };
    },
  };
}

/** Watches, over its socket, whether mpv waits for bytes. @param {string} path @param {Player} player */
async function watchProperties(path, player) {
  const seen = { stalls: 0, backwards: 0, mostApartS: 0, dropped: 0, seconds: 0 };
  let [first, last] = [Number.NaN, Number.NaN];
  const noSocket = { end: () => seen };
  await player.said(/first video frame after restart shown/, START_LIMIT_MS).catch(() => null);
  if (player.hasEnded) return noSocket;
  const socket = connect(path);
  socket.on("error", () => socket.destroy());
  const names = ["paused-for-cache", "time-pos", "avsync", "frame-drop-count", "decoder-frame-drop-count"];
  for (const [id, property] of names.entries()) socket.write(`${JSON.stringify({ command: ["observe_property", id + 1, property] })}\n`);
  const dropped = new Map();
  const told = createInterface({ input: socket });
  told.on("error", () => socket.destroy()); // mpv has gone
  told.on("line", (line) => {
    const { event, name, data } = JSON.parse(line);
    if (event !== "property-change" || data === undefined || data === null) return;
    if (name === "paused-for-cache" && data) seen.stalls += 1;
    if (name === "avsync") seen.mostApartS = Math.max(seen.mostApartS, Math.abs(data));
    if (name.endsWith("drop-count")) dropped.set(name, data);
    if (name === "time-pos") {
      if (Number.isNaN(first)) first = data;
      if (data < last - 0.001) seen.backwards += 1;
      last = data;
    }
  });
  return {
    end() {
      socket.destroy();
      seen.seconds = last - first;
      seen.dropped = [...dropped.values()].reduce((sum, count) => sum + count, 0);
      return seen;
    },
  };
}
