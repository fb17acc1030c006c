// Small real films for the pages' tests: a moving picture and a tone, each of its own colour.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Films are made once and copied from here afterwards. */
const SHELF = fileURLToPath(new URL("../../../target/test-films/", import.meta.url));

/**
 * `subtitles` are tracks inside the file: by ISO 639-2 language what is said, a line for every two seconds.
 * @typedef {{ seconds?: number, hue?: number, codec?: string[], sound?: boolean, subtitles?: Record<string, string> }} FilmPlan
 */

/**
 * Writes one film; its name's ending chooses the container.
 * @param {string} file
 * @param {FilmPlan} [plan]
 */
export async function makeFilm(file, plan = {}) {
  const name = createHash("sha256").update(JSON.stringify(plan)).digest("hex").slice(0, 16) + extname(file);
  const kept = join(SHELF, name);
  if (!existsSync(kept)) {
    await mkdir(SHELF, { recursive: true });
    const spool = join(SHELF, `.${process.pid}-${name}`);
    await encode(spool, plan);
    await rename(spool, kept);
  }
  await copyFile(kept, file);
  return file;
}

/** @param {string} file @param {FilmPlan} plan */
async function encode(file, { seconds = 6, hue = 0, codec = ["-c:v", "libx264", "-preset", "ultrafast"], sound = true, subtitles = {} }) {
  const picture = `testsrc2=size=320x180:rate=25:duration=${seconds},hue=h=${hue},format=yuv420p`;
  const tone = ["-f", "lavfi", "-i", `sine=frequency=${220 + hue}:sample_rate=48000:duration=${seconds}`];
  const tracks = await Promise.all(Object.entries(subtitles).map(async ([language, words]) => {
    const text = `${file}.${language}.srt`;
    await writeFile(text, srt(words, seconds));
    return { language, text };
  }));
  const firstTrack = sound ? 2 : 1;
  const mapped = tracks.flatMap(({ language }, place) => ["-map", `${firstTrack + place}:s`, `-metadata:s:s:${place}`, `language=${language}`]);
  const ffmpeg = spawn(
    "ffmpeg",
    [
      ...["-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi", "-i", picture],
      ...(sound ? tone : []),
      ...tracks.flatMap(({ text }) => ["-i", text]),
      ...(tracks.length > 0 ? ["-map", "0:v", ...(sound ? ["-map", "1:a"] : []), ...mapped, "-c:s", "srt"] : []),
      ...codec,
      ...(sound ? ["-c:a", "aac", "-b:a", "64k"] : []),
      ...["-movflags", "+faststart", file],
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const [code] = await once(ffmpeg, "exit");
  for (const { text } of tracks) await rm(text);
  if (code !== 0) throw new Error(`ffmpeg ended with ${code} for ${file}`);
}

/** SubRip: one line every two seconds, with its number. @param {string} words @param {number} seconds */
function srt(words, seconds) {
  const at = (/** @type {number} */ second) => `00:${String(Math.floor(second / 60)).padStart(2, "0")}:${String(second % 60).padStart(2, "0")},000`;
  const lines = Array.from({ length: Math.floor(seconds / 2) }, (_, place) =>
    `${place + 1}\n${at(place * 2)} --> ${at(place * 2 + 2)}\n${words} ${place + 1}\n`);
  return lines.join("\n");
}

/**
 * A folder of its own with films by name; the caller removes it.
 * @param {Record<string, FilmPlan>} plans
 */
export async function filmFolder(plans) {
  const directory = await mkdtemp(join(tmpdir(), "onair-films-"));
  for (const [name, plan] of Object.entries(plans)) await makeFilm(join(directory, name), plan);
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
