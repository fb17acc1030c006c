// The guide's page: the days, the list of one of them, and what somebody looks for in it. It follows the channel, so
// it is right again as soon as the schedule has changed.

import { Backoff } from "../../core/backoff.js";
import { continued } from "../../core/guide.js";
import { midnight } from "../../core/guide_day.js";
import { fetchGuide } from "../../edges/guide.js";
import { after } from "../../edges/now.js";
import { mountAnnouncer } from "../announcer.js";
import { find, setAttribute, setText } from "../dom.js";
import { scope } from "../scope.js";
import { createTicker } from "../ticker.js";
import { mountUpNext } from "../up_next.js";
import { Day } from "./day.js";
import { mountDays } from "./days.js";
import { mountOnNow } from "./on_now.js";
import { mountParts } from "./part_chips.js";
import { mountSteps } from "./steps.js";
import { programmesText } from "./words.js";

/** @import { Channel } from "../../edges/channel.js" */
/** @import { Guide } from "../../core/guide.js" */

/** On a board some of what comes next may be tomorrow already. */
const BOARD_AHEAD_MS = 6 * 3_600_000;
/** What was on before is shown by as much at a time. */
const EARLIER_MS = 4 * 3_600_000;
/** Answers that do not reach the present are continued, so many times. */
const CONTINUED_MAX = 5;
/** Everybody hears of a change at once; they ask spread over this time. */
const SPREAD_MS = 1_500;

/**
 * @param {Document} page
 * @param {{ channel: Channel, signal: AbortSignal }} given
 */
export function mountGuidePage(page, { channel, signal: parent }) {
  const { signal, close } = scope(parent);
  const root = find(page, "[data-guide]");
  const note = find(root, "[data-note]");
  const earlier = find(root, "[data-earlier]");
  const later = find(root, "[data-later-button]");
  const search = /** @type {HTMLInputElement} */ (find(root, "[data-search]"));
  const ticker = createTicker(signal);
  const day = new Day(page, find(root, "[data-list]"));
  const backoff = new Backoff({ first_ms: 1_000, limit_ms: 30_000 });
  /** @type {Guide | null} */
  let guide = null;
  let today_ms = NaN;
  /** From when on what is over is shown; null if it is not. @type {number | null} */
  let earlier_ms = null;
  let hasEarlier = true;
  /** Which schedule the guide is of, as the channel names it. */
  let schedule = "";
  let cancelRetry = () => {};
  let asked = 0;

  mountOnNow(root, { channel, ticker, signal });
  mountUpNext(root, { channel, ticker, signal });
  const { say } = mountAnnouncer(page, { channel, signal });
  const days = mountDays(root, { signal, onChoose: chooseDay, onDown: () => steps.enter() });
  const parts = mountParts(root, { signal, day });
  const steps = mountSteps(root, { signal, day, days });

  const isToday = () => days.days() === 0;
  const bounds = () => ({ from_ms: midnight(today_ms, days.days()), to_ms: midnight(today_ms, days.days() + 1) });
  const since = () => (isToday() ? (earlier_ms ?? channel.now()) : bounds().from_ms);

  /** Takes note of the day; true if it is another than before. */
  function isNewDay() {
    const now_ms = channel.now();
    if (Number.isNaN(now_ms) || midnight(now_ms) === today_ms) return false;
    today_ms = midnight(now_ms);
    days.name(today_ms);
    return true;
  }

  function chooseDay() {
    earlier_ms = null;
    hasEarlier = true;
    guide = null;
    void load();
  }

  /** The guide from `fromMs` on, to the end of the day or as far as one answer reaches, but at least to the present. @param {number} fromMs */
  async function ask(fromMs) {
    const to_ms = bounds().to_ms + BOARD_AHEAD_MS;
    let answer = await fetchGuide({ from_ms: fromMs, to_ms }, signal);
    for (let times = 0; times < CONTINUED_MAX && answer.to_ms < Math.min(to_ms, channel.now()); times += 1) {
      answer = continued(answer, await fetchGuide({ from_ms: answer.to_ms, to_ms }, signal));
    }
    return answer;
  }

  /** Asks for the chosen day; an answer that comes after another was asked for is of no use. */
  async function load() {
    cancelRetry();
    const ticket = (asked += 1);
    root.setAttribute("data-loading", "");
    try {
      const answer = await ask(since());
      if (ticket !== asked) return;
      guide = answer;
      backoff.reset();
      render();
    } catch {
      if (ticket !== asked || signal.aborted) return;
      if (!guide) showNote("The guide did not come. Trying again …");
      cancelRetry = after(backoff.next(Math.random()), () => void load(), signal);
    } finally {
      if (ticket === asked) root.removeAttribute("data-loading");
    }
  }

  async function loadMore() {
    const before = guide;
    if (!before) return;
    const more = await fetchGuide({ from_ms: before.to_ms, to_ms: bounds().to_ms + BOARD_AHEAD_MS }, signal).catch(() => null);
    if (!more || guide !== before) return;
    guide = continued(before, more);
    render();
  }

  function render() {
    if (!guide) return;
    const wanted = search.value.trim();
    const focus = steps.remember();
    const shown = day.show({ guide, ...bounds(), now_ms: channel.now(), since_ms: since(), isToday: isToday(), wanted });
    later.hidden = guide.to_ms >= bounds().to_ms;
    earlier.hidden = !isToday() || !hasEarlier || since() <= today_ms || !day.beginsWithList();
    if (wanted) showNote(shown === 0 ? `Nothing called “${wanted}” on this day.` : `${programmesText(shown)} found.`);
    else showNote(shown === 0 ? "Nothing is scheduled on this day." : "");
    parts.render();
    steps.restore(focus);
  }

  /** Shows more of what is over, if there is more. */
  async function showEarlier() {
    const before = day.elements().length;
    earlier_ms = Math.max(since() - EARLIER_MS, today_ms);
    await load();
    hasEarlier = day.elements().length > before;
    render();
    say(hasEarlier ? "What was on before is at the beginning of the list." : "Nothing else was on before.");
  }

  /** @param {string} words */
  function showNote(words) {
    setText(note, words);
  }

  channel.subscribe(({ announced }) => {
    if (!announced) return;
    const named = `${announced.epoch} ${announced.revision}`;
    const isKnown = schedule !== "" && schedule !== named;
    schedule = named;
    if (isKnown) after(Math.random() * SPREAD_MS, () => void load(), signal);
  }, signal);
  ticker.add(() => {
    const now_ms = channel.now();
    if (isNewDay()) {
      void load();
      return;
    }
    day.tick(now_ms);
  }, signal);
  search.addEventListener("input", render, { signal });
  find(root, "[data-search-form]").addEventListener("submit", (event) => event.preventDefault(), { signal });
  earlier.addEventListener("click", () => void showEarlier(), { signal });
  later.addEventListener("click", () => void loadMore(), { signal });
  setAttribute(root, "data-ready", "");
  return { close };
}
