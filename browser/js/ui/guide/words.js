// How days and times of the guide read.

import { lengthText, roughText } from "../format.js";

/** @import { Slot } from "../../core/guide.js" */
/** @import { PartOfDay } from "../../core/guide_day.js" */

const MINUTE_MS = 60_000;

const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });
const toTheSecond = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @type {Record<PartOfDay, string>} */
const PARTS = { night: "Night", morning: "Morning", afternoon: "Afternoon", evening: "Evening" };
/** @type {Record<PartOfDay, string>} */
const PARTS_OF_TODAY = { night: "Early morning", morning: "This morning", afternoon: "This afternoon", evening: "Tonight" };

/** @param {PartOfDay} part @param {boolean} isToday */
export const partText = (part, isToday) => (isToday ? PARTS_OF_TODAY : PARTS)[part];

/** @param {number} days after today @param {number} midnightMs of that day */
export function dayText(days, midnightMs) {
  if (days === 0) return "Today";
  return days === 1 ? "Tomorrow" : weekday.format(midnightMs);
}

/** The time of day to the second, where programmes are shorter than minutes. @param {number} atMs */
export const secondText = (atMs) => toTheSecond.format(atMs);

/** How long a programme is on. @param {Slot} slot */
export function runText({ started_at_ms, ends_at_ms }) {
  const ms = ends_at_ms - started_at_ms;
  return ms < 10 * MINUTE_MS ? lengthText(ms) : roughText(ms);
}

/** A number of programmes. @param {number} count */
export const programmesText = (count) => `${count} ${count === 1 ? "programme" : "programmes"}`;
