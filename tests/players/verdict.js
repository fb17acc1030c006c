// What is asked of every player, and how the answers are printed.

/** @import { Report } from "./heard.js" */

const MOST_SKEW_MS = 20;

/** What is wrong with `report`, in words. @param {Report} report @param {number} wantedChanges */
export function faults(report, wantedChanges) {
  /** @type {string[]} */
  const wrong = [];
  if (!(report.changes >= wantedChanges)) wrong.push(`${report.changes} changes of programme instead of ${wantedChanges}`);
  if (report.errors.length > 0) wrong.push(`${report.errors.length} complaints: ${[...new Set(report.errors)].slice(0, 6).join(" | ")}`);
  if (report.stalls > 0) wrong.push(`${report.stalls} stalls`);
  if (report.backwards > 0) wrong.push(`time went backwards ${report.backwards} times`);
  if (report.skewMs !== null && !(report.skewMs <= MOST_SKEW_MS)) wrong.push(`sound and picture ${report.skewMs.toFixed(1)} ms apart`);
  return wrong;
}

/** @param {Report} report @param {string[]} wrong */
export function row({ name, changes, seconds, errors, stalls, backwards, skewMs, firstFrameMs, note = "" }, wrong) {
  const cells = [
    wrong.length === 0 ? "✓" : "✗", name, String(changes), seconds.toFixed(0), String(errors.length), String(stalls), String(backwards),
    skewMs === null ? "" : `${skewMs.toFixed(1)} ms`, firstFrameMs === null ? "" : `${firstFrameMs.toFixed(0)} ms`, note,
  ];
  return { cells, wrong };
}

/** @param {ReturnType<typeof row>[]} rows */
export function table(rows) {
  const head = ["", "player", "changes", "s", "errors", "stalls", "back", "A/V skew", "first frame", "remarks"];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd();
  const wrong = rows.flatMap(({ cells, wrong: words }) => words.map((word) => `✗ ${cells[1]}: ${word}`));
  return [line(head), ...rows.map(({ cells }) => line(cells)), ...wrong].join("\n");
}
