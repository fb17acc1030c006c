// The rows of a day. Which is on, next or over is only marked as time goes by; nothing is built anew for it.

import { copyOf, find, setAttribute, setText } from "../dom.js";
import { clockText, remainingText } from "../format.js";
import { showStill } from "../still.js";
import { runText, secondText } from "./words.js";

/** @import { Slot } from "../../core/guide.js" */

/**
 * A row and what it shows.
 * @typedef {{ slot: Slot, element: HTMLElement, label: HTMLElement, progress: HTMLProgressElement }} Row
 */

/**
 * @param {ParentNode} page with the template
 * @param {Slot} slot
 * @param {{ toTheSecond: boolean }} options
 * @returns {Row}
 */
export function createRow(page, slot, { toTheSecond }) {
  const element = copyOf(page, "[data-slot-row]");
  const row = {
    slot,
    element,
    label: find(element, "[data-slot-label]"),
    progress: /** @type {HTMLProgressElement} */ (find(element, "[data-slot-progress]")),
  };
  setText(find(element, "[data-slot-title]"), slot.title);
  showStill(element, "[data-still]", slot.poster);
  showTime(row, slot, toTheSecond);
  return row;
}

/** @param {Row} row @param {Slot} slot @param {boolean} toTheSecond */
export function showTime(row, slot, toTheSecond) {
  row.slot = slot;
  const time = find(row.element, "[data-slot-time]");
  setText(time, (toTheSecond ? secondText : clockText)(slot.started_at_ms));
  setAttribute(time, "datetime", new Date(slot.started_at_ms).toISOString());
  setText(find(row.element, "[data-slot-run]"), runText(slot));
}

/**
 * Marks what is over, on and next.
 * @param {ReadonlyArray<Row>} rows in the order of time
 * @param {number} nowMs
 */
export function markRows(rows, nowMs) {
  const current = rows.find(({ slot }) => slot.started_at_ms <= nowMs && nowMs < slot.ends_at_ms);
  const begins_ms = current?.slot.ends_at_ms ?? rows.find(({ slot }) => slot.started_at_ms > nowMs)?.slot.started_at_ms;
  for (const row of rows) {
    const { started_at_ms, ends_at_ms } = row.slot;
    if (row === current) mark(row, "now", "On now");
    else if (ends_at_ms <= nowMs) mark(row, "over", "");
    else if (started_at_ms === begins_ms) mark(row, "next", `Next, in ${remainingText(started_at_ms - nowMs)}`);
    else mark(row, "", "");
  }
  if (!current) return;
  current.progress.max = current.slot.ends_at_ms - current.slot.started_at_ms;
  current.progress.value = nowMs - current.slot.started_at_ms;
}

/** @param {Row} row @param {string} state @param {string} words */
function mark({ element, label, progress }, state, words) {
  if (state === "" && element.dataset.state === "") return;
  setAttribute(element, "data-state", state);
  setAttribute(element, "aria-current", state === "now" ? "true" : null);
  setText(label, words);
  label.hidden = words === "";
  progress.hidden = state !== "now";
}
