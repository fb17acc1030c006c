// How a day of the guide is read: by the time of day, and where few short programmes go round, by when each is on next.
// Pure.

import { roundAt } from "./guide.js";

/** @import { Guide, Slot, Stretch } from "./guide.js" */

/**
 * @typedef {"night" | "morning" | "afternoon" | "evening"} PartOfDay
 *
 * What a day consists of: programmes one after the other, a board of what goes round, or time off the air.
 * @typedef {{ kind: "list", slots: Slot[] }
 *   | { kind: "board", stretches: Stretch[], from_ms: number, to_ms: number }
 *   | { kind: "off", from_ms: number, to_ms: number }} Block
 */

/** Programmes that are over within this time, or lasted no longer, need no list of their own before a board. */
const SOON_MS = 30 * 60_000;

/**
 * The blocks of the day from `from_ms` to `to_ms`, seen at `at_ms`. A change of the schedule is no change for whoever
 * reads it, so what is nearly over goes with the board that follows.
 * @param {Guide} guide
 * @param {{ from_ms: number, to_ms: number, at_ms: number }} day
 * @returns {Block[]}
 */
export function blocksOf(guide, { from_ms, to_ms, at_ms }) {
  /** @type {Block[]} */
  const blocks = [];
  let told_ms = at_ms;
  for (const stretch of guide.stretches) {
    if (stretch.from_ms >= to_ms) break;
    if (stretch.from_ms > told_ms) blocks.push({ kind: "off", from_ms: told_ms, to_ms: stretch.from_ms });
    told_ms = Math.max(told_ms, stretch.to_ms);
    if (stretch.every_ms === null) addSlots(blocks, stretch.slots.filter((slot) => slot.started_at_ms < to_ms && slot.ends_at_ms > from_ms));
    else if (stretch.to_ms > at_ms) addBoard(blocks, stretch, at_ms);
  }
  const isOver = guide.stretches.length === 0 || told_ms < Math.min(to_ms, guide.to_ms);
  if (isOver && blocks.length > 0) blocks.push({ kind: "off", from_ms: told_ms, to_ms });
  return blocks.filter((block) => block.kind !== "list" || block.slots.length > 0);
}

/** @param {Block[]} blocks @param {Slot[]} slots */
function addSlots(blocks, slots) {
  const last = blocks.at(-1);
  if (last?.kind === "list") last.slots.push(...slots);
  else blocks.push({ kind: "list", slots });
}

/** @param {Block[]} blocks @param {Stretch} stretch @param {number} atMs */
function addBoard(blocks, stretch, atMs) {
  const lead = leadTo(blocks, stretch.from_ms, atMs);
  const stretches = [...lead, stretch];
  const [first] = stretches;
  blocks.push({ kind: "board", stretches, from_ms: first?.from_ms ?? stretch.from_ms, to_ms: stretch.to_ms });
}

/** Takes what is nearly over from the end of `blocks`. @param {Block[]} blocks @param {number} fromMs @param {number} atMs @returns {Stretch[]} */
function leadTo(blocks, fromMs, atMs) {
  const last = blocks.at(-1);
  if (last?.kind === "board" && last.to_ms === fromMs) {
    if (fromMs - atMs > SOON_MS) return [];
    blocks.pop();
    return last.stretches;
  }
  if (last?.kind !== "list" || last.slots.at(-1)?.ends_at_ms !== fromMs || fromMs - atMs > SOON_MS) return [];
  const over = last.slots.filter(({ ends_at_ms }) => ends_at_ms <= atMs);
  const ahead = last.slots.slice(over.length);
  blocks.pop();
  if (lastingMs(over) > SOON_MS) blocks.push({ kind: "list", slots: over });
  const from_ms = ahead[0]?.started_at_ms ?? fromMs;
  const before = over.length > 0 ? [] : leadTo(blocks, from_ms, atMs);
  return [...before, { from_ms, to_ms: fromMs, cut_ms: fromMs, every_ms: null, slots: ahead }];
}

/** @param {Slot[]} slots */
const lastingMs = (slots) => (slots.at(-1)?.ends_at_ms ?? 0) - (slots[0]?.started_at_ms ?? 0);

/**
 * When each programme of a board is on next, as seen at `atMs`, in the order of time.
 * @param {ReadonlyArray<Stretch>} stretches one after the other
 * @param {number} atMs
 * @returns {Slot[]}
 */
export function comingRound(stretches, atMs) {
  /** @type {Map<string, Slot>} */
  const coming = new Map();
  for (const stretch of stretches) {
    const slots = stretch.every_ms === null ? stretch.slots.filter(({ ends_at_ms }) => ends_at_ms > atMs) : roundAt(stretch, atMs);
    for (const slot of slots) if (!coming.has(slot.id)) coming.set(slot.id, slot);
  }
  return [...coming.values()];
}

/**
 * Midnight at this machine's place, `days` after the day of `atMs`; summer time makes some days longer than others.
 * @param {number} atMs @param {number} [days]
 */
export function midnight(atMs, days = 0) {
  const at = new Date(atMs);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
}

/** @param {number} atMs @returns {PartOfDay} */
export function partOfDay(atMs) {
  const hour = new Date(atMs).getHours();
  if (hour < 6) return "night";
  if (hour < 12) return "morning";
  return hour < 18 ? "afternoon" : "evening";
}

/**
 * Slots in the order they come, parted by the time of day; what began before `from_ms` belongs to what begins then.
 * @param {ReadonlyArray<Slot>} slots
 * @param {number} from_ms
 * @returns {{ part: PartOfDay, slots: Slot[] }[]}
 */
export function parted(slots, from_ms) {
  /** @type {{ part: PartOfDay, slots: Slot[] }[]} */
  const parts = [];
  for (const slot of slots) {
    const part = partOfDay(Math.max(slot.started_at_ms, from_ms));
    const last = parts.at(-1);
    if (last?.part === part) last.slots.push(slot);
    else parts.push({ part, slots: [slot] });
  }
  return parts;
}
