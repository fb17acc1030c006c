// One viewer's vote, said to the server absolutely, so that saying it twice does no harm.

import { timeLimit } from "./now.js";
import { ProblemError, problemOf } from "./problem.js";

const VOTE_LIMIT_MS = 8_000;

/**
 * @typedef {"like" | "dislike" | null} Vote
 * @typedef {Readonly<{ likes: number, dislikes: number, vote: Vote }>} Tally
 */

/**
 * @param {string} id of the video
 * @param {Vote} vote
 * @param {AbortSignal} [signal]
 * @returns {Promise<Tally>} what the server has kept
 * @throws {ProblemError}
 */
export async function castVote(id, vote, signal) {
  const address = `/${vote ?? "like"}/${encodeURIComponent(id)}?vote=${vote ?? "none"}`;
  return tally(address, { method: "POST", signal: timeLimit(VOTE_LIMIT_MS, signal) });
}

/**
 * How this viewer (by the page's cookie) has voted before.
 * @param {string} id of the video
 * @param {AbortSignal} [signal]
 * @throws {ProblemError}
 */
export async function fetchVote(id, signal) {
  return tally(`/votes/${encodeURIComponent(id)}`, { cache: "no-store", signal: timeLimit(VOTE_LIMIT_MS, signal) });
}

/** @param {string} address @param {RequestInit} request @returns {Promise<Tally>} */
async function tally(address, request) {
  const answer = await fetch(address, { ...request, headers: { Accept: "application/json" } }).catch(() => {
    throw new ProblemError("The station did not answer, so the vote is as it was.", 0);
  });
  const body = await answer.text();
  if (!answer.ok) throw problemOf(body, answer.status);
  const { likes, dislikes, vote } = JSON.parse(body);
  const isCount = (/** @type {unknown} */ count) => Number.isSafeInteger(count) && Number(count) >= 0;
  const isVote = vote === null || vote === "like" || vote === "dislike";
  if (!isCount(likes) || !isCount(dislikes) || !isVote) throw problemOf("", answer.status);
  return Object.freeze({ likes, dislikes, vote });
}
