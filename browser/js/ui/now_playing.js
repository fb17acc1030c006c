// What is on: its title, how far it has come, how much is left.

import { find, setAttribute, setText } from "./dom.js";
import { lengthText, remainingText } from "./format.js";
import { scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

const OFF_AIR_TITLE = "Nothing is on at the moment";

/**
 * @param {HTMLElement} root the page's main element
 * @param {PageParts} parts
 */
export function mountNowPlaying(root, { channel, ticker, signal: parent }) {
  const { signal, close } = scope(parent);
  const name = root.dataset.name ?? "";
  const label = find(root, "[data-now-label]");
  const titles = root.querySelectorAll("[data-now-title], [data-controls-title]");
  const controls = find(root, "[data-controls]");
  const progress = /** @type {HTMLProgressElement} */ (find(root, "[data-progress]"));
  const elapsed = find(root, "[data-elapsed]");
  const remaining = find(root, "[data-remaining]");

  channel.subscribe(({ onAir, known }) => {
    if (!known) return; // what the template wrote stands until there is news
    const title = onAir?.current.title ?? OFF_AIR_TITLE;
    setAttribute(root, "data-on-air", String(onAir !== null));
    setText(label, onAir ? "On now" : "Off air");
    for (const element of titles) setText(element, title);
    controls.hidden = !onAir;
    const pageTitle = onAir ? `${title} · ${name}` : name;
    if (document.title !== pageTitle) document.title = pageTitle;
    showInSystem(title, name);
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
  }

  ticker.add(tick, signal);
  return { close };
}

/**
 * The title for lock screens and media keys' panels.
 * @param {string} title
 * @param {string} artist
 */
function showInSystem(title, artist) {
  if (!("mediaSession" in navigator) || navigator.mediaSession.metadata?.title === title) return;
  navigator.mediaSession.metadata = new MediaMetadata({ title, artist });
}
