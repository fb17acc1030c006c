// VLC without a window; it refuses to be root.

import { mkdtempSync, chownSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Player } from "./heard.js";

/** @import { Report } from "./heard.js" */

const NOBODY = 65534;
/** What VLC says when something was not right or not in time. */
const FAULT = /too late|too early|discontinuit|timestamp conversion failed|corrupt|decoder error|h264 .*error|aac .*error|underflow|no reference clock|error while/i;
/**
 * About its own parts that are not installed, and about a machine without a screen; and that fragments of another programme
 * have other numbers, upon which it does what is right: it takes the time from the fragment.
 */
const HARMLESS = /picture is too late to be displayed|Fragment sequence discontinuity|dbus|interface|libvlc|looking for|vdpau|vaapi|xcb|hotkeys|gnutls|keystore/i;
/** A busy machine did not decode it in time. */
const LATE = /picture is too late to be displayed/;
/** It said that it had to wait for bytes. */
const WAITED = /Stream buffering done/;

/** @param {string} name @param {string} url */
export function playInVlc(name, url) {
  const home = mkdtempSync(join(tmpdir(), "onair-vlc-"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(home, NOBODY, NOBODY);
  const words = [
    ...["--ignore-config", "-vv", "--no-color", "--aout=adummy", "--vout=vdummy", "--avcodec-hw=none", "--no-video-title-show", "--http-reconnect"],
    ...["--extraintf=oldrc", "--rc-fake-tty", `--rc-unix=${join(home, "rc")}`, "--play-and-exit", url],
  ];
  const asNobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "cvlc", ...words];
  const player = isRoot ? new Player("setpriv", asNobody, { env: { HOME: home } }) : new Player("cvlc", words, { env: { HOME: home } });
  return {
    name,
    player,
    /** @returns {Promise<Report>} */
    async report() {
      const endedItself = player.hasEnded;
      const told = endedItself ? "" : await ask(join(home, "rc"), "stats\nget_time\n").catch((error) => String(error));
      const count = (/** @type {RegExp} */ pattern) => Number(pattern.exec(told)?.[1] ?? Number.NaN);
      const lost = count(/buffers lost *: *(\d+)/) + count(/corrupted *: *(\d+)/) + count(/discontinuities *: *(\d+)/);
      const begun = player.lines.find(({ text }) => /Received first picture|first picture/.test(text))?.atMs;
      const endMs = performance.now();
      // Afterwards: what it breaks off when it is stopped is no fault.
      const errors = player.texts(FAULT).filter((text) => !HARMLESS.test(text));
      const waits = player.texts(WAITED).length;
      await player.stop();
      await rm(home, { recursive: true, force: true });
      return {
        name,
        // It tells nothing of what it shows: programmes are counted by the clock.
        changes: Number.NaN,
        seconds: begun === undefined ? 0 : (endMs - begun) / 1000,
        errors: [...errors, ...(endedItself ? [`it ended by itself: ${player.lastWords()}`] : []), ...(lost === 0 ? [] : [`of its statistics: ${told}`])],
        stalls: Math.max(0, waits - 1),
        late: player.texts(LATE).length,
        frames: count(/frames displayed *: *(\d+)/),
        backwards: 0,
        skewMs: null,
        firstFrameMs: begun === undefined ? null : begun - player.startedMs,
        note: `${count(/frames displayed *: *(\d+)/)} frames shown`,
      };
    },
  };
}

/** What VLC answers over its socket. @param {string} path @param {string} question @returns {Promise<string>} */
function ask(path, question) {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let told = "";
    socket.on("data", (piece) => (told += piece));
    socket.on("error", reject);
    socket.on("close", () => resolve(told));
    socket.write(question);
    setTimeout(() => socket.destroy(), 1_000);
  });
}
