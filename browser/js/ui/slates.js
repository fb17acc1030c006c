// The states in which there is no picture: css/slate.css shows them by the attributes written here and by
// the player.

import { find, setAttribute, setText } from "./dom.js";
import { clockFaceText } from "./format.js";
import { scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

/**
 * @param {HTMLElement} root
 * @param {PageParts} parts
 */
export function mountSlates(root, { channel, player, ticker, signal: parent }) {
  const { signal, close } = scope(parent);
  const screen = find(root, "[data-screen]");
  const clock = find(root, "[data-clock]");

  channel.subscribe(({ connection }) => setAttribute(screen, "data-connection", connection), signal);
  ticker.add(() => {
    const now_ms = channel.now();
    if (!Number.isNaN(now_ms)) setText(clock, clockFaceText(now_ms));
  }, signal);
  find(root, "[data-unblock]").addEventListener("click", () => player.unblock(), { signal });
  return { close };
}
