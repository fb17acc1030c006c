// Short programmes of every kind, each of which tells where it begins: dark and silent for its first second,
// then bright and, if it has a sound, loud.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * @typedef {{ size: string, rate: string, seconds: number, volume?: number | null, codec?: string }} Programme
 * `volume` null: no track of sound.
 */

/** @type {Record<string, Programme>} */
export const PROGRAMMES = {
  "01 film": { size: "1280x720", rate: "24", seconds: 5, volume: 0.5 },
  "02 pal": { size: "640x360", rate: "25", seconds: 4.2, volume: 1 },
  "03 silent": { size: "854x480", rate: "30", seconds: 5.5, volume: null },
  "04 ntsc": { size: "320x240", rate: "30000/1001", seconds: 4.7, volume: 0.02 },
  "05 games": { size: "640x360", rate: "60", seconds: 4, volume: 0.2 },
  "06 upright": { size: "202x360", rate: "24000/1001", seconds: 5.3, volume: 0.8 },
  "07 fast": { size: "1280x720", rate: "50", seconds: 4.4, volume: 0.05 },
};

/** Comes while the others play. @type {Programme} */
export const LATECOMER = { size: "640x480", rate: "15", seconds: 4.5, volume: 0.3 };

/** @param {string} file @param {Programme} programme */
export async function makeProgramme(file, { size, rate, seconds, volume = 1 }) {
  const picture = `testsrc2=size=${size}:rate=${rate}:duration=${seconds},` +
    "lutyuv=y='clip(val/4+160,160,235)',drawbox=color=black:thickness=fill:enable='lt(t,1)'";
  const sound = `sine=frequency=1000:sample_rate=48000:duration=${seconds},volume='if(lt(t,1),0,${volume})':eval=frame`;
  const ffmpeg = spawn("ffmpeg", [
    ...["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture],
    ...(volume === null ? [] : ["-f", "lavfi", "-i", sound, "-c:a", "aac"]),
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", file],
  ], { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(ffmpeg, "exit");
  if (code !== 0) throw new Error(`ffmpeg could not make ${file}`);
}

/** A folder of its own with such programmes; the caller removes it. @param {Record<string, Programme>} programmes */
export async function programmeFolder(programmes) {
  const directory = await mkdtemp(join(tmpdir(), "onair-programmes-"));
  for (const [name, programme] of Object.entries(programmes)) await makeProgramme(join(directory, `${name}.mp4`), programme);
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
