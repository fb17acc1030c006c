// The days, as tabs: arrow keys go from one to the next.

import { midnight } from "../../core/guide_day.js";
import { find, setAttribute, setText } from "../dom.js";
import { scope } from "../scope.js";
import { dayText } from "./words.js";

const STEPS = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1 });

/**
 * @param {HTMLElement} root
 * @param {{ signal: AbortSignal, onChoose: (days: number) => void, onDown: () => void }} parts
 */
export function mountDays(root, { signal: parent, onChoose, onDown }) {
  const { signal, close } = scope(parent);
  const tablist = find(root, "[data-days]");
  const panel = find(root, "[data-panel]");
  const tabs = /** @type {HTMLElement[]} */ ([...tablist.querySelectorAll('[role="tab"]')]);
  let chosen = 0;

  /** @param {number} days */
  function choose(days) {
    chosen = days;
    mark();
    onChoose(days);
  }
  function mark() {
    for (const [days, tab] of tabs.entries()) {
      setAttribute(tab, "aria-selected", String(days === chosen));
      setAttribute(tab, "tabindex", days === chosen ? "0" : "-1");
    }
    const tab = tabs[chosen];
    if (!tab) return;
    setAttribute(panel, "aria-labelledby", tab.id);
    const { left } = tablist.getBoundingClientRect();
    tablist.scrollLeft += tab.getBoundingClientRect().left - left - (tablist.clientWidth - tab.clientWidth) / 2;
  }

  /** Whichever is next to the chosen one; none beyond the ends. @param {number} by */
  function step(by) {
    const days = Math.min(Math.max(chosen + by, 0), tabs.length - 1);
    if (days !== chosen) choose(days);
    return tabs[chosen];
  }

  for (const [days, tab] of tabs.entries()) tab.addEventListener("click", () => choose(days), { signal });
  tablist.addEventListener("keydown", (event) => {
    const by = STEPS[event.key] ?? { Home: -tabs.length, End: tabs.length }[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowDown") {
      event.preventDefault();
      onDown();
    } else if (by) {
      event.preventDefault();
      step(by)?.focus();
    }
  }, { signal });

  return {
    close,
    step,
    days: () => chosen,
    focus: () => tabs[chosen]?.focus(),
    /** Names the days from today on. @param {number} nowMs */
    name(nowMs) {
      for (const [days, tab] of tabs.entries()) setText(tab, dayText(days, midnight(nowMs, days)));
      mark();
    },
  };
}
