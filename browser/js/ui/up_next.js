// What comes next, with a still of it, at what time of day, in how long.

import { find, setText } from "./dom.js";
import { clockText, lengthText, remainingText } from "./format.js";
import { scope } from "./scope.js";
import { showStill } from "./still.js";

/** @import { PageParts } from "./parts.js" */

/**
 * @param {HTMLElement} root the page's main element
 * @param {Pick<PageParts, "channel" | "ticker" | "signal">} parts
 */
export function mountUpNext(root, { channel, ticker, signal: parent }) {
  const { signal, close } = scope(parent);
  const section = find(root, "[data-next]");
  const title = find(root, "[data-next-title]");
  const clock = find(root, "[data-next-clock]");
  const length = find(root, "[data-next-length]");
  const countdowns = root.querySelectorAll("[data-next-in]");

  channel.subscribe(({ onAir, known }) => {
    if (!known) return;
    const next = onAir?.next;
    section.hidden = !next;
    if (!next) return;
    setText(title, next.title);
    showStill(section, "[data-still]", next.poster);
    setText(clock, clockText(next.started_at_ms));
    setText(length, lengthText(next.duration_ms));
    tick();
  }, signal);

  function tick() {
    const next = channel.state.onAir?.next;
    const now_ms = channel.now();
    if (!next || Number.isNaN(now_ms)) return;
    for (const countdown of countdowns) setText(countdown, remainingText(next.started_at_ms - now_ms));
  }

  ticker.add(tick, signal);
  return { close };
}
