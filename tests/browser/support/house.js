// Videos in house format for the pages' tests and measurements: numbered clips, prepared by the program itself.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeClips } from "../../../bench/sync/clips.js";
import { findBinary } from "./station.js";

/** Prepared once and uploaded from here afterwards. */
const SHELF = fileURLToPath(new URL("../../../target/test-films/", import.meta.url));
/** It has the number that changes with the format. */
const TABLE = fileURLToPath(new URL("../../../src/media/package.rs", import.meta.url));
const ON_AIR_LIMIT_MS = 60_000;

/** @param {string[]} args */
async function onair(args) {
  const child = spawn(findBinary(), args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said += piece));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`onair ${args[0]} ended with ${code}:\n${said}`);
}

/**
 * Folders as `onair process` makes them, one for each clip, in order; `words` are subtitles in English, a line a second.
 * @param {ReadonlyArray<{ frames: number, sound: boolean, words?: string }>} plans
 * @returns {Promise<string[]>}
 */
export async function houseFolders(plans) {
  const recipe = /RECIPE: u32 = (\d+)/.exec(await readFile(TABLE, "utf8"))?.[1];
  const name = createHash("sha256").update(JSON.stringify([plans, recipe])).digest("hex").slice(0, 16);
  const shelf = join(SHELF, `house-${name}`);
  if (!existsSync(shelf)) {
    const spool = join(SHELF, `.${process.pid}-house-${name}`);
    await mkdir(spool, { recursive: true });
    await makeClips(spool, plans);
    for (const [clip, { frames, words }] of plans.entries()) {
      if (words) await writeFile(join(spool, `clip-${clip}.en.srt`), lines(words, Math.floor(frames / 25)));
    }
    await onair(["process", "--into", spool, ...plans.map((_, clip) => join(spool, `clip-${clip}.mp4`))]);
    await rm(shelf, { recursive: true, force: true });
    await rename(spool, shelf);
  }
  return plans.map((_, clip) => join(shelf, `clip-${clip}`));
}

/** @param {string} words @param {number} seconds */
const lines = (words, seconds) =>
  Array.from({ length: seconds }, (_, second) => `${second + 1}\n00:00:0${second},000 --> 00:00:0${second + 1},000\n${words} ${second}\n`).join("\n");

/**
 * Sends folders to a station and waits until what is on and what comes next are in its stream.
 * @param {{ url: string }} station @param {ReadonlyArray<string>} folders
 */
export async function putOnTheStream({ url }, folders) {
  await onair(["upload", "--server", url, ...folders]);
  const limit = performance.now() + ON_AIR_LIMIT_MS;
  while (performance.now() < limit) {
    const page = await (await fetch(url)).text();
    const { current, next } = JSON.parse(/<script type="application\/json"[^>]*>(.*?)<\/script>/s.exec(page)?.[1] ?? "{}");
    if (current?.linear && next?.linear) return;
    await new Promise((then) => setTimeout(then, 100));
  }
  throw new Error("the videos did not get into the stream");
}
