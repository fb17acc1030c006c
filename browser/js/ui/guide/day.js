// The list of a day: by the time of day, or, where few short programmes go round, a board of when each is on next.

import { isFound } from "../../core/guide.js";
import { blocksOf, comingRound, parted } from "../../core/guide_day.js";
import { copyOf, find, setText } from "../dom.js";
import { clockText, lengthText } from "../format.js";
import { createRow, markRows, showTime } from "./rows.js";
import { partText, programmesText } from "./words.js";

/** @import { Guide, Slot, Stretch } from "../../core/guide.js" */
/** @import { PartOfDay } from "../../core/guide_day.js" */
/** @import { Row } from "./rows.js" */

/**
 * What is to be shown: a day of the guide, at which moment, and only what somebody looks for. Of today, what was over at
 * `since_ms` is left out.
 * @typedef {{
 *   guide: Guide, from_ms: number, to_ms: number, now_ms: number, since_ms: number, isToday: boolean, wanted: string,
 * }} DayView
 *
 * What goes round, as it is shown.
 * @typedef {{ stretches: Stretch[], rows: Row[], list: HTMLElement }} Board
 */

export class Day {
  #page;
  #root;
  /** @type {Row[]} in the order of time */
  #rows = [];
  /** @type {Board[]} */
  #boards = [];
  /** @type {DayView | null} */
  #view = null;

  /** @param {ParentNode} page with the templates @param {HTMLElement} root of the list */
  constructor(page, root) {
    this.#page = page;
    this.#root = root;
  }

  /**
   * Builds the list anew.
   * @param {DayView} view
   * @returns {number} how many programmes are shown
   */
  show(view) {
    this.#view = view;
    this.#rows = [];
    this.#boards = [];
    const at_ms = view.isToday ? view.now_ms : view.from_ms;
    const sections = blocksOf(view.guide, { ...view, at_ms }).flatMap((block) => {
      if (block.kind === "off") return view.wanted ? [] : [this.#offAir(block.from_ms, block.to_ms)];
      if (block.kind === "board") return this.#board(block, view, at_ms);
      const shown = block.slots.filter(({ title, ends_at_ms }) => ends_at_ms > view.since_ms && isFound(title, view.wanted));
      return parted(shown, view.from_ms).map(({ part, slots }) => this.#part(part, slots, view.isToday));
    });
    this.#root.replaceChildren(...sections);
    this.tick(view.now_ms);
    return this.#rows.length;
  }

  /** Marks what is over, on and next, and goes round. @param {number} nowMs */
  tick(nowMs) {
    if (!this.#view?.isToday || Number.isNaN(nowMs)) return;
    for (const board of this.#boards) this.#goRound(board, nowMs);
    markRows(this.#rows, nowMs);
  }

  /** The rows on the page, in their order on it. @returns {HTMLElement[]} */
  elements() {
    return [...this.#root.querySelectorAll("[data-slot]")].map((element) => /** @type {HTMLElement} */ (element));
  }

  /** Whether it begins with one programme after the other, and not with a board. */
  beginsWithList() {
    const first = this.#rows[0]?.element;
    return first !== undefined && !this.#boards.some(({ list }) => list.contains(first));
  }

  /** Where each part of the day begins. @returns {{ name: string, section: HTMLElement }[]} */
  parts() {
    return [...this.#root.querySelectorAll("[data-part]")].map((section) => ({
      name: find(section, "h2").textContent ?? "",
      section: /** @type {HTMLElement} */ (section),
    }));
  }

  /** @param {PartOfDay} part @param {Slot[]} slots @param {boolean} isToday */
  #part(part, slots, isToday) {
    const section = copyOf(this.#page, "[data-part-section]");
    setText(find(section, "h2"), partText(part, isToday));
    const rows = slots.map((slot) => createRow(this.#page, slot, { toTheSecond: false }));
    find(section, "ol").append(...rows.map(({ element }) => element));
    this.#rows.push(...rows);
    return section;
  }

  /** @param {{ stretches: Stretch[], from_ms: number, to_ms: number }} block @param {DayView} view @param {number} atMs */
  #board({ stretches, from_ms, to_ms }, view, atMs) {
    const slots = comingRound(stretches, atMs).filter(({ title }) => isFound(title, view.wanted));
    if (slots.length === 0) return [];
    const section = copyOf(this.#page, "[data-part-section]");
    const from = from_ms > atMs ? ` from ${clockText(from_ms)}` : "";
    const to = to_ms < view.to_ms ? ` until ${clockText(to_ms)}` : "";
    setText(find(section, "h2"), `Round after round${from}${to}`);
    const note = find(section, "[data-part-note]");
    const { slots: turns = [], every_ms = 0 } = stretches.at(-1) ?? {};
    setText(note, `${programmesText(turns.length)} in turn, again every ${lengthText(every_ms ?? 0)}.`);
    note.hidden = false;
    const rows = slots.map((slot) => createRow(this.#page, slot, { toTheSecond: true }));
    const list = find(section, "ol");
    list.append(...rows.map(({ element }) => element));
    this.#rows.push(...rows);
    this.#boards.push({ stretches, rows, list });
    return [section];
  }

  /** What is over takes its next turn at the end of the board. @param {Board} board @param {number} nowMs */
  #goRound(board, nowMs) {
    const first = board.rows[0];
    if (!first || first.slot.ends_at_ms > nowMs) return;
    const focused = document.activeElement;
    const slots = new Map(comingRound(board.stretches, nowMs).map((slot) => [slot.id, slot]));
    if (slots.size === 0) return; // the board is over; the next answer will say what comes
    const gone = board.rows.filter(({ slot }) => !slots.has(slot.id));
    for (const row of gone) row.element.remove();
    board.rows = board.rows.filter((row) => !gone.includes(row));
    for (const row of board.rows) showTime(row, slots.get(row.slot.id) ?? row.slot, true);
    board.rows.sort(byTime);
    board.list.append(...board.rows.map(({ element }) => element));
    if (focused instanceof HTMLElement && board.list.contains(focused)) focused.focus({ preventScroll: true });
    this.#rows = this.#rows.filter((row) => !gone.includes(row)).sort(byTime);
  }

  /** @param {number} fromMs @param {number} toMs */
  #offAir(fromMs, toMs) {
    const section = copyOf(this.#page, "[data-off-air-section]");
    setText(find(section, "[data-off-air-time]"), `${clockText(fromMs)} – ${clockText(toMs)}`);
    return section;
  }
}

/** @param {Row} a @param {Row} b */
const byTime = (a, b) => a.slot.started_at_ms - b.slot.started_at_ms;
