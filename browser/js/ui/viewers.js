// How many are watching.

import { find, setText } from "./dom.js";
import { countText } from "./format.js";
import { scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

/**
 * @param {HTMLElement} root
 * @param {Pick<PageParts, "channel" | "signal">} parts
 */
export function mountViewers(root, { channel, signal: parent }) {
  const { signal, close } = scope(parent);
  const line = find(root, "[data-viewers]");
  const count = find(root, "[data-viewers-count]");
  channel.subscribe(({ onAir, known }) => {
    if (!known) return;
    line.hidden = !onAir;
    if (onAir) setText(count, countText(Math.max(1, onAir.viewers))); // whoever reads this is watching
  }, signal);
  return { close };
}
