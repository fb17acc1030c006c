// The keys of a remote: up and down from row to row, left and right from day to day, OK on what is on to watch it.

import { find, setAttribute } from "../dom.js";
import { scope } from "../scope.js";

/** @import { Day } from "./day.js" */

/**
 * @param {HTMLElement} root
 * @param {{ signal: AbortSignal, day: Day, days: { step: (by: number) => unknown, focus: () => void } }} parts
 */
export function mountSteps(root, { signal: parent, day, days }) {
  const { signal, close } = scope(parent);
  const list = find(root, "[data-list]");
  const search = find(root, "[data-search]");

  /** @param {HTMLElement | undefined} row */
  function focus(row) {
    if (!row) return;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  const focusedPlace = () => day.elements().indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const currentRow = () => day.elements().find(({ dataset }) => dataset.state === "now") ?? day.elements()[0];
  const enter = () => focus(currentRow());

  /** One row is reached by the tab key; arrows go on from there. */
  function rove() {
    const rows = day.elements();
    const reached = rows[focusedPlace()] ?? currentRow();
    for (const row of rows) setAttribute(row, "tabindex", row === reached ? "0" : "-1");
  }

  /** @param {KeyboardEvent} event */
  function onRowKey(event) {
    const rows = day.elements();
    const place = focusedPlace();
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1 });
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (to < 0) days.focus();
      else focus(rows[to]);
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      event.preventDefault();
      days.step(event.key === "ArrowLeft" ? -1 : 1);
    } else if (event.key === "Enter" && rows[place]?.dataset.state === "now") {
      location.assign("/");
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const isOnRow = focusedPlace() >= 0;
    if (isOnRow) onRowKey(event);
    else if (document.activeElement !== document.body) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      enter();
    }
    if (event.key === "/" && (isOnRow || document.activeElement === document.body)) {
      event.preventDefault();
      search.focus();
    }
  }, { signal });
  list.addEventListener("focusin", rove, { signal });

  return {
    close,
    enter,
    /** The focused row's place, before the list is built anew; −1 if none. */
    remember: focusedPlace,
    /** @param {number} place */
    restore(place) {
      rove();
      const rows = day.elements();
      if (place >= 0) rows[Math.min(place, rows.length - 1)]?.focus({ preventScroll: true });
    },
  };
}
