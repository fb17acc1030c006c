// The states in which there is no picture: css/slate.css shows them by the attributes written here and by
// the player.

import { after } from "../edges/now.js";
import { find, setAttribute, setText } from "./dom.js";
import { clockFaceText } from "./format.js";
import { followAttributes, scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

/** A still is asked for only when the picture takes longer than usual: it would compete with it. */
const POSTER_AFTER_MS = 500;

/**
 * @param {HTMLElement} root
 * @param {PageParts} parts
 */
export function mountSlates(root, { channel, player, ticker, signal: parent }) {
  const { signal, close } = scope(parent);
  const screen = find(root, "[data-screen]");
  const clock = find(root, "[data-clock]");
  const poster = /** @type {HTMLImageElement} */ (find(root, "[data-slate-poster]"));
  let cancelPoster = () => {};

  channel.subscribe(({ connection }) => setAttribute(screen, "data-connection", connection), signal);
  ticker.add(() => {
    const now_ms = channel.now();
    if (!Number.isNaN(now_ms)) setText(clock, clockFaceText(now_ms));
  }, signal);
  followAttributes(player.root, ["data-state"], () => {
    cancelPoster();
    poster.hidden = true;
    if (player.root.dataset.state === "loading") cancelPoster = after(POSTER_AFTER_MS, showPoster, signal);
  }, signal);

  function showPoster() {
    const address = channel.state.onAir?.current.poster ?? null;
    setAttribute(poster, "src", address);
    poster.hidden = address === null;
  }
  poster.addEventListener("error", () => {
    poster.hidden = true;
  }, { signal });
  find(root, "[data-unblock]").addEventListener("click", () => player.unblock(), { signal });
  return { close };
}
