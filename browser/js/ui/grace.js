// A little grace for one person: stop the picture, go back, and the button that leads back to where everyone is.

import { find, setAttribute, setText } from "./dom.js";
import { lengthText } from "./format.js";
import { followAttributes, scope } from "./scope.js";

/** @import { Osd } from "./osd.js" */
/** @import { PlayerControls } from "./parts.js" */
/** @import { Ticker } from "./ticker.js" */

const STEP_MS = 10_000;
const MEDIA_KEYS = /** @type {const} */ (["pause", "play", "seekbackward", "seekforward"]);

/**
 * @param {HTMLElement} root
 * @param {{ player: PlayerControls, osd: Osd, ticker: Ticker, announce: (sentence: string) => void, signal: AbortSignal }} parts
 */
export function mountGrace(root, { player, osd, ticker, announce, signal: parent }) {
  const { signal, close } = scope(parent);
  const pause = find(root, "[data-pause]");
  const pauseName = find(pause, "[data-pause-name]");
  const back = find(root, "[data-back]");
  const live = find(root, "[data-live]");
  const behind = find(live, "[data-behind]");
  const { dataset } = player.root;

  const isThere = () => dataset.grace !== undefined;

  function render() {
    const stopped = dataset.shift === "stopped";
    for (const button of [pause, back]) button.hidden = !isThere();
    setAttribute(pause, "data-stopped", stopped ? "" : null);
    setText(pauseName, stopped ? "Go on" : "Pause for me");
    if (live.contains(document.activeElement) && dataset.shift === undefined) pause.focus({ preventScroll: true });
    live.hidden = dataset.shift === undefined;
    tick();
  }

  /** How far behind: it grows while the picture stands still. */
  function tick() {
    if (dataset.shift !== undefined) setText(behind, lengthText(player.behind_ms()));
  }

  /** @param {string} words */
  function say(words) {
    osd.show(words);
    announce(words);
  }
  const sayWhere = () => say(dataset.shift === undefined ? "Live" : `${lengthText(player.behind_ms())} behind live`);

  function toggle() {
    if (!isThere()) return;
    if (dataset.shift !== "stopped") {
      player.stop();
      say("Paused for you; the channel goes on");
    } else step(0);
  }
  /** @param {number} stepMs */
  function step(stepMs) {
    if (!isThere() || (stepMs > 0 && dataset.shift === undefined)) return; // nobody is ahead of the channel
    player.move(stepMs);
    sayWhere();
  }
  function goLive() {
    if (dataset.shift === undefined) return;
    player.goLive();
    sayWhere();
  }
  const rewind = () => step(-STEP_MS);
  const forward = () => step(STEP_MS);

  /** Keys of the machine and of head sets; without this they would stop the element behind our back. */
  function listenToMediaKeys() {
    if (!("mediaSession" in navigator)) return;
    const press = { pause: () => dataset.shift !== "stopped" && toggle(), play: () => dataset.shift === "stopped" && toggle(), seekbackward: rewind, seekforward: forward };
    for (const key of MEDIA_KEYS) navigator.mediaSession.setActionHandler(key, isThere() ? () => void press[key]() : null);
  }

  pause.addEventListener("click", toggle, { signal });
  back.addEventListener("click", rewind, { signal });
  live.addEventListener("click", goLive, { signal });
  followAttributes(player.root, ["data-grace", "data-shift"], render, signal);
  followAttributes(player.root, ["data-grace"], listenToMediaKeys, signal);
  ticker.add(tick, signal);
  return { close, toggle, rewind, forward, goLive };
}
