// A file of subtitles on its way to the server.

import { timeLimit } from "./now.js";
import { problemOf } from "./problem.js";

const REQUEST_LIMIT_MS = 60_000;

/**
 * Adds subtitles to a video; what language they are in, the file's name says (`film.pt-BR.srt`).
 * @param {string} video its id
 * @param {File} file
 * @param {AbortSignal} signal
 * @throws {import("./problem.js").ProblemError} with the server's sentence
 */
export async function sendSubtitles(video, file, signal) {
  const answer = await fetch(`/library/${encodeURIComponent(video)}/subtitles?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/octet-stream" },
    body: file,
    signal: timeLimit(REQUEST_LIMIT_MS, signal),
  });
  if (!answer.ok) throw problemOf(await answer.text(), answer.status);
}
