// FFmpeg as a player of the channel: decodes everything as it comes and tells of every complaint.

import { Player, skewMs } from "./heard.js";

/** @import { Report } from "./heard.js" */

/** What a reader of a live stream may be behind it more than at its start: what it had in hand then. */
const BUFFER_MS = 6_000;

/**
 * Said of every live stream of MP4 fragments, whose demuxer reads the init segment again with each new playlist, and of
 * every one that offers words, which it does not read.
 */
const HARMLESS = /Found duplicated MOOV Atom|Can't support the subtitle\(uri: words-/;

/**
 * @param {string} name @param {string} url
 * @param {string[]} [input] options before the address
 */
export function playInFfmpeg(name, url, input = []) {
  const player = new Player("ffmpeg", [
    ...["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info", "-err_detect", "explode", ...input, "-i", url],
    ...["-map", "0:v:0", "-map", "0:a:0", "-vf", "blackdetect=d=0.3:pix_th=0.2", "-af", "silencedetect=n=-50dB:d=0.3"],
    // The rate changes with the programme: nothing is to be fitted to that of the first.
    ...["-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-f", "null", "-"],
    // The packets as they are, with their time stamps.
    ...["-map", "0:v:0", "-map", "0:a:0", "-c", "copy", "-flush_packets", "1", "-f", "framecrc", "pipe:1"],
  ]);
  return {
    name,
    player,
    /** @returns {Promise<Report>} */
    async report() {
      const endedItself = player.hasEnded;
      await player.stop("SIGINT");
      const light = player.numbers(/black_end:([\d.]+)/);
      const loud = player.numbers(/silence_end: ([\d.]+)/);
      const packets = player.lines.flatMap(({ text, atMs }) => {
        const row = /^(\d), +(-?\d+), +(-?\d+), +(\d+), +\d+, 0x/.exec(text);
        return row ? [{ stream: Number(row[1]), stamp: Number(row[2]), atMs }] : [];
      });
      const bases = player.lines.flatMap(({ text }) => {
        const row = /^#tb (\d): (\d+)\/(\d+)/.exec(text);
        return row ? [Number(row[2]) / Number(row[3])] : [];
      });
      let backwards = 0;
      for (const stream of [0, 1]) {
        const stamps = packets.filter((packet) => packet.stream === stream).map(({ stamp }) => stamp);
        backwards += stamps.filter((stamp, place) => place > 0 && stamp <= Number(stamps[place - 1])).length;
      }
      const picture = packets.filter(({ stream }) => stream === 0);
      const behind = picture.map(({ stamp, atMs }) => atMs - stamp * (bases[0] ?? 0) * 1000);
      const atStart = Math.min(...behind.slice(0, 50));
      const stalls = behind.filter((ms, place) => ms - atStart > BUFFER_MS && !((behind[place - 1] ?? 0) - atStart > BUFFER_MS)).length;
      const errors = player.texts(/^(\[[^\]]* @ 0x[0-9a-f]+\] )?\[(warning|error|fatal|panic)\]/).filter((text) => !HARMLESS.test(text));
      const [first, last] = [picture[0], picture.at(-1)];
      return {
        name,
        changes: Math.max(0, light.length - 1),
        seconds: first && last ? (last.stamp - first.stamp) * (bases[0] ?? 0) : 0,
        errors: endedItself ? [...errors, `it ended by itself: ${player.lastWords()}`] : errors,
        stalls,
        backwards,
        skewMs: skewMs(light, loud),
        firstFrameMs: first ? first.atMs - player.startedMs : null,
      };
    },
  };
}
