// Small real films for the pages' tests: a moving picture and a tone, each of its own colour.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Films are made once and copied from here afterwards. */
const SHELF = fileURLToPath(new URL("../../../target/test-films/", import.meta.url));

/**
 * @typedef {{ seconds?: number, hue?: number, codec?: string[], sound?: boolean }} FilmPlan
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
async function encode(file, { seconds = 6, hue = 0, codec = ["-c:v", "libx264", "-preset", "ultrafast"], sound = true }) {
  const picture = `testsrc2=size=320x180:rate=25:duration=${seconds},hue=h=${hue},format=yuv420p`;
  const tone = ["-f", "lavfi", "-i", `sine=frequency=${220 + hue}:sample_rate=48000:duration=${seconds}`];
  const ffmpeg = spawn(
    "ffmpeg",
    [
      ...["-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi", "-i", picture],
      ...(sound ? tone : []),
      ...codec,
      ...(sound ? ["-c:a", "aac", "-b:a", "64k"] : []),
      ...["-movflags", "+faststart", file],
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const [code] = await once(ffmpeg, "exit");
  if (code !== 0) throw new Error(`ffmpeg ended with ${code} for ${file}`);
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
