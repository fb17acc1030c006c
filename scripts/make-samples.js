// Makes the sample videos of static/: paints and plays each scene, and lets ffmpeg encode it.
// usage: node scripts/make-samples.js [--still SECOND]… [--folder FOLDER] [SCENE…]
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { FRAMES_PER_S, HEIGHT, Picture, WIDTH, smoothstep, toVideo } from "./samples/picture.js";
import { SAMPLES_PER_S } from "./samples/sound.js";

const SCENES = ["a_station_wakes", "city_after_dark", "northern_lights", "paper_sea"];
const LOUDNESS_LUFS = -16;
const FADE_S = 0.8;
const STATIC_DIR = fileURLToPath(new URL("../static/", import.meta.url));

const RAW_VIDEO = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${WIDTH}x${HEIGHT}`, "-r", `${FRAMES_PER_S}`, "-i", "-"];
const RAW_SOUND = ["-f", "f32le", "-ar", `${SAMPLES_PER_S}`, "-ac", "2"];
const COLOURS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"];

function ffmpeg(args) {
  const { status, stderr } = spawnSync("ffmpeg", ["-hide_banner", "-nostdin", "-y", ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
  return stderr;
}

/** Integrated loudness (EBU R 128) of raw sound. */
function loudness_lufs(file) {
  const report = ffmpeg([...RAW_SOUND, "-i", file, "-af", "ebur128", "-f", "null", "-"]);
  return Number(report.slice(report.lastIndexOf("Summary:")).match(/I:\s+(-?[\d.]+) LUFS/)[1]);
}

async function make(scene, folder) {
  const sound = scene.music();
  sound.fadeEnds(1.2, 2.2);
  const soundFile = join(folder, "sound.f32");
  writeFileSync(soundFile, sound.toBytes());
  const gain_db = LOUDNESS_LUFS - loudness_lufs(soundFile);

  const output = join(STATIC_DIR, `${scene.title}.mp4`);
  const encoder = spawn(
    "ffmpeg",
    [
      ...["-hide_banner", "-loglevel", "error", "-y", ...RAW_VIDEO, ...RAW_SOUND, "-i", soundFile],
      ...["-c:v", "libx264", "-profile:v", "high", "-preset", "slow", "-crf", `${scene.quality}`, "-pix_fmt", "yuv420p"],
      // Picture and keyframes every two seconds; dark gradients get their share of the bits.
      ...["-g", `${2 * FRAMES_PER_S}`, "-x264-params", "aq-mode=3:aq-strength=1.1:deblock=-1,-1:scenecut=0", ...COLOURS],
      ...["-af", `volume=${gain_db.toFixed(2)}dB,alimiter=limit=0.84:level=disabled`],
      ...["-c:a", "aac", "-b:a", "160k", "-ar", `${SAMPLES_PER_S}`, "-t", `${scene.length_s}`],
      ...["-map_metadata", "-1", "-metadata", `title=${scene.title}`, "-fflags", "+bitexact", "-movflags", "+faststart", output],
    ],
    { stdio: ["pipe", "inherit", "inherit"] },
  );
  const closed = once(encoder, "close");
  // ffmpeg says itself why it stopped; the pipe that broke then adds nothing.
  await pipeline(Readable.from(frames(scene)), encoder.stdin).catch(() => {});
  const [status] = await closed;
  if (status !== 0) throw new Error(`ffmpeg could not encode ${scene.title}`);
  console.log(`${output}: ${(statSync(output).size / 1e6).toFixed(1)} MB, sound moved by ${gain_db.toFixed(1)} dB`);
}

function* frames(scene) {
  const [draw, picture] = [scene.painter(), new Picture()];
  for (let frame = 0; frame < scene.length_s * FRAMES_PER_S; frame += 1) {
    yield paint(draw, picture, frame / FRAMES_PER_S, scene.length_s);
  }
}

function paint(draw, picture, t, length_s) {
  draw(picture, t);
  picture.fade(smoothstep(0, FADE_S, t) * smoothstep(0, FADE_S, length_s - t));
  const bytes = Buffer.allocUnsafe((WIDTH * HEIGHT * 3) / 2);
  toVideo(picture, bytes);
  return bytes;
}

/** One frame as PNG, to look at while painting. */
function still(scene, name, t, folder) {
  const picture = new Picture();
  const input = paint(scene.painter(), picture, t, scene.length_s);
  const output = join(folder, `${name}-${t}.png`);
  const colours = ["-vf", "scale=in_color_matrix=bt709:in_range=tv"];
  spawnSync("ffmpeg", ["-loglevel", "error", "-y", ...RAW_VIDEO, ...colours, "-frames:v", "1", output], { input });
  console.log(output);
}

const { values, positionals } = parseArgs({
  options: { still: { type: "string", multiple: true }, folder: { type: "string" } },
  allowPositionals: true,
});
const folder = mkdtempSync(join(tmpdir(), "onair-samples-"));
try {
  for (const name of SCENES.filter((known) => positionals.length === 0 || positionals.includes(known))) {
    const { scene } = await import(`./samples/${name}.js`);
    if (values.still) values.still.forEach((t) => still(scene, name, Number(t), values.folder ?? "."));
    else await make(scene, folder);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
