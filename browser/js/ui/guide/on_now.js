// What is on at this moment, with a line that moves.

import { find, setAttribute, setText } from "../dom.js";
import { clockText, lengthText, remainingText } from "../format.js";
import { scope } from "../scope.js";
import { showStill } from "../still.js";

/** @import { PageParts } from "../parts.js" */

/**
 * @param {HTMLElement} root
 * @param {Pick<PageParts, "channel" | "ticker" | "signal">} parts
 */
export function mountOnNow(root, { channel, ticker, signal: parent }) {
  const { signal, close } = scope(parent);
  const label = find(root, "[data-now-label]");
  const title = find(root, "[data-now-title]");
  const running = find(root, "[data-now-running]");
  const progress = /** @type {HTMLProgressElement} */ (find(root, "[data-progress]"));
  const elapsed = find(root, "[data-elapsed]");
  const remaining = find(root, "[data-remaining]");
  const end = find(root, "[data-now-end]");

  channel.subscribe(({ onAir, known }) => {
    if (!known) return; // what the template wrote stands until there is news
    setAttribute(root, "data-on-air", String(onAir !== null));
    setText(label, onAir ? "On now" : "Off air");
    setText(title, onAir?.current.title ?? "Nothing is on at the moment");
    showStill(root, '[data-still="now"]', onAir?.current.poster ?? null);
    running.hidden = !onAir;
    tick();
  }, signal);

  function tick() {
    const current = channel.state.onAir?.current;
    const now_ms = channel.now();
    if (!current || Number.isNaN(now_ms)) return;
    const position_ms = Math.min(Math.max(now_ms - current.started_at_ms, 0), current.duration_ms);
    progress.max = current.duration_ms;
    progress.value = position_ms;
    setText(elapsed, lengthText(position_ms));
    setText(remaining, remainingText(current.duration_ms - position_ms));
    setText(end, clockText(current.started_at_ms + current.duration_ms));
  }

  ticker.add(tick, signal);
  return { close };
}
