// ffmpeg watches a station's stream in every form, beside whatever else a test does with it.

import assert from "node:assert/strict";

import { playInFfmpeg } from "./ffmpeg.js";
import { faults } from "./verdict.js";

/** @param {string} url of the station */
export function watchBeside(url) {
  const at = `${url}/channels/main`;
  const players = [playInFfmpeg("CMAF", `${at}/master.m3u8`), playInFfmpeg("TS", `${at}/ts.m3u8`), playInFfmpeg("endless", `${at}.ts`)];
  return {
    /** Each must have played so long by now, without a fault. @param {number} leastSeconds */
    async judge(leastSeconds) {
      for (const { name, player, report } of players) {
        // Films that do not tell where they begin say nothing about how far sound and picture are apart.
        const found = { ...(await report()), skewMs: null };
        assert.deepEqual(faults(found, 0), [], `${name}: ${player.lastWords()}`);
        assert.ok(found.seconds >= leastSeconds, `${name}: ${found.seconds} s`);
      }
    },
    stop: () => Promise.all(players.map(({ player }) => player.stop("SIGKILL"))),
  };
}
