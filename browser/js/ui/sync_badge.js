// The discreet lamp that says how exactly this screen keeps step.

import { find, setAttribute, setText } from "./dom.js";
import { followAttributes, scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

/** Words change at most this often, in beats of the ticker, so that the figure can be read. */
const BEATS_PER_CHANGE = 4;

/**
 * @param {HTMLElement} root
 * @param {PageParts} parts
 */
export function mountSyncBadge(root, { channel, player, ticker, signal: parent }) {
  const { signal, close } = scope(parent);
  const badge = find(root, "[data-sync-badge]");
  const text = find(root, "[data-sync-text]");
  let beats = 0;

  function render() {
    const kind = kindOf(channel.state, player.root.dataset);
    const isNewKind = badge.dataset.kind !== kind;
    if (!isNewKind && beats < BEATS_PER_CHANGE) return;
    beats = 0;
    setAttribute(badge, "data-kind", kind);
    const error_ms = Number(player.root.dataset.syncMs);
    if (isNewKind || kind !== "in-sync" || Number.isFinite(error_ms)) setText(text, wordsFor(kind, error_ms));
  }

  channel.subscribe(render, signal);
  followAttributes(player.root, ["data-sync", "data-state", "data-shift"], render, signal);
  ticker.add(() => {
    beats += 1;
    render();
  }, signal);
  return { close };
}

/**
 * @param {{ connection: string, onAir: unknown }} state
 * @param {DOMStringMap} player
 */
function kindOf({ connection, onAir }, { sync, state, shift }) {
  if (shift) return shift;
  if (connection === "lost" || sync === "reconnecting") return "reconnecting";
  if (!onAir) return "waiting";
  if (state === "playing" && sync === "in-sync") return "in-sync";
  return state === "loading" && !sync ? "joining" : "catching-up";
}

/** @param {string} kind @param {number} errorMs */
function wordsFor(kind, errorMs) {
  switch (kind) {
    case "in-sync":
      return Number.isFinite(errorMs) ? `In sync ±${Math.max(1, Math.round(Math.abs(errorMs)))} ms` : "In sync";
    case "stopped":
      return "Paused for you";
    case "behind":
      return "Behind live";
    case "catching-up":
      return "Catching up";
    case "reconnecting":
      return "Reconnecting";
    case "waiting":
      return "Waiting for a programme";
    default:
      return "Joining";
  }
}
