// What is asked of every player, and how the answers are printed.

/** @import { Report } from "./heard.js" */

const MOST_SKEW_MS = 20;
/** A machine that runs ten players at once may be late with some frames; more would be the stream's fault. */
const MOST_LATE = 0.05;
/** If a player does not tell how many it showed. */
const FRAMES_PER_S = 24;

/** What is wrong with `report`, in words. @param {Report} report @param {number} wantedChanges */
export function faults(report, wantedChanges) {
  /** @type {string[]} */
  const wrong = [];
  if (!(report.changes >= wantedChanges)) wrong.push(`${report.changes} changes of programme instead of ${wantedChanges}`);
  if (report.errors.length > 0) wrong.push(`${report.errors.length} complaints: ${[...new Set(report.errors)].slice(0, 6).join(" | ")}`);
  if (report.stalls > 0) wrong.push(`${report.stalls} stalls`);
  if (report.backwards > 0) wrong.push(`time went backwards ${report.backwards} times`);
  if (report.skewMs !== null && !(report.skewMs <= MOST_SKEW_MS)) wrong.push(`sound and picture ${report.skewMs.toFixed(1)} ms apart`);
  const frames = report.frames || report.seconds * FRAMES_PER_S;
  if ((report.late ?? 0) > frames * MOST_LATE) wrong.push(`${report.late} of ${frames.toFixed(0)} frames came late`);
  return wrong;
}

/** @param {Report} report @param {string[]} wrong */
export function row({ name, changes, seconds, errors, stalls, backwards, late, skewMs, firstFrameMs, note = "" }, wrong) {
  const cells = [
    wrong.length === 0 ? "✓" : "✗", name, String(changes), seconds.toFixed(0), String(errors.length), String(stalls), String(backwards), late === undefined ? "" : String(late),
    skewMs === null ? "" : `${skewMs.toFixed(1)} ms`, firstFrameMs === null ? "" : `${firstFrameMs.toFixed(0)} ms`, note,
  ];
  return { cells, wrong };
}

/** @param {ReturnType<typeof row>[]} rows */
export function table(rows) {
  const head = ["", "player", "changes", "s", "errors", "stalls", "back", "late", "A/V skew", "first frame", "remarks"];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
  const wrong = rows.flatMap(({ cells, wrong: words }) => words.map((word) => `✗ ${cells[1]}: ${word}`));
  return [line(head), ...rows.map(({ cells }) => line(cells)), ...wrong].join("\n");
}
