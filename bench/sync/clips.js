// Makes the clips the benchmark plays: H.264 with AAC in MP4, every frame numbered, a different tone each.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { FRAME_RATE, HEIGHT, picture, WIDTH } from "./code.js";

/**
 * @typedef {Readonly<{ frames: number, sound: boolean }>} ClipPlan
 */

/**
 * Makes clip files `0.mp4`, `1.mp4`, … in `directory`; those that are there already are kept.
 * @param {string} directory
 * @param {ReadonlyArray<ClipPlan>} plans
 */
export async function makeClips(directory, plans) {
  await mkdir(directory, { recursive: true });
  for (const [clip, plan] of plans.entries()) {
    const file = join(directory, `clip-${clip}.mp4`);
    const there = await access(file).then(() => true, () => false);
    if (!there) await makeClip(file, clip, plan);
  }
}

/** @param {string} file @param {number} clip @param {ClipPlan} plan */
async function makeClip(file, clip, { frames, sound }) {
  const seconds = frames / FRAME_RATE;
  const tone = ["-f", "lavfi", "-i", `sine=frequency=${220 + 40 * clip}:sample_rate=48000:duration=${seconds}`];
  const spool = `${file}.part`;
  const ffmpeg = spawn(
    "ffmpeg",
    [
      ...["-hide_banner", "-loglevel", "error", "-y"],
      ...["-f", "rawvideo", "-pixel_format", "gray", "-video_size", `${WIDTH}x${HEIGHT}`],
      ...["-framerate", String(FRAME_RATE), "-i", "pipe:0"],
      ...(sound ? tone : []),
      ...["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-g", "50"],
      ...(sound ? ["-c:a", "aac", "-b:a", "96k"] : []),
      ...["-movflags", "+faststart", "-f", "mp4", spool],
    ],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  const ended = once(ffmpeg, "exit");
  for (let frame = 0; frame < frames; frame += 1) {
    if (!ffmpeg.stdin.write(picture(clip, frame))) await once(ffmpeg.stdin, "drain");
  }
  ffmpeg.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  await rename(spool, file);
}
