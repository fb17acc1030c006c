// Nobody stands beside an ambient screen. The player and the stream recover by themselves; this watches that
// they did, keeps the screen awake, and as a last resort loads the page again, ever more rarely.

import { Patience } from "../core/patience.js";
import { isReady } from "../edges/api.js";
import { every, localNowMs } from "../edges/now.js";
import { forget, keep, recall } from "../edges/storage.js";

/** @import { Channel } from "../edges/channel.js" */

const CHECK_EVERY_MS = 5_000;
const WAKE_LOCK_EVERY_MS = 60_000;
const KEPT_AS = "reloads";

/**
 * @param {{ player: { root: HTMLElement }, channel: Channel, signal: AbortSignal }} given
 */
export function mountWatchdog({ player, channel, signal }) {
  const patience = new Patience({ now_ms: localNowMs(), reloads: Number(recall(KEPT_AS)) || 0 });
  keepAwake(signal);
  every(CHECK_EVERY_MS, () => {
    const advice = patience.check(localNowMs(), document.hidden || isRight(player.root.dataset, channel));
    if (advice === "woke") void channel.refresh();
    else if (advice === "forget") forget(KEPT_AS);
    else if (advice === "reload") void reload(patience.reloads);
  }, signal);
}

/**
 * What the screen shows is what it can show: the picture in step, or a state that no reload improves.
 * @param {DOMStringMap} player @param {Channel} channel
 */
function isRight({ state, sync }, channel) {
  if (state === "off-air" || state === "unsupported" || state === "blocked") return true;
  if (channel.state.onAir?.basis === "held") return true; // the server is away and the schedule has run out
  return state === "playing" && sync !== "catching-up";
}

/** Only when the server answers: a page that cannot be loaded would leave the screen with the browser's error. @param {number} reloads */
async function reload(reloads) {
  if (!(await isReady())) return;
  keep(KEPT_AS, reloads + 1);
  location.reload();
}

/**
 * A screen wake lock, taken again whenever the page is visible again. Where there is none (plain http on a LAN)
 * a playing video keeps most screens awake; nothing else can be done from a page.
 * @param {AbortSignal} signal
 */
function keepAwake(signal) {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  const take = async () => {
    if (document.hidden || (lock && !lock.released) || !("wakeLock" in navigator)) return;
    lock = await navigator.wakeLock.request("screen").catch(() => null); // refused on a low battery: asked again
  };
  document.addEventListener("visibilitychange", () => void take(), { signal });
  every(WAKE_LOCK_EVERY_MS, () => void take(), signal);
  signal.addEventListener("abort", () => void lock?.release(), { once: true });
  void take();
}
