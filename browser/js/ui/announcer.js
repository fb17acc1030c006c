// Says each change of programme to those who do not see it.

import { find, setText } from "./dom.js";
import { scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

/**
 * @param {ParentNode} root
 * @param {Pick<PageParts, "channel" | "signal">} parts
 */
export function mountAnnouncer(root, { channel, signal: parent }) {
  const { signal, close } = scope(parent);
  const line = find(root, "[data-announcer]");
  /** @type {string | null} */
  let said = null;
  channel.subscribe(({ onAir, known }) => {
    if (!known) return;
    const sentence = onAir ? `Now on: ${onAir.current.title}` : "The channel is off air.";
    if (said !== null && said !== sentence) setText(line, sentence); // the first one is the page's heading
    said = sentence;
  }, signal);
  return { close, say: (/** @type {string} */ sentence) => setText(line, sentence) };
}
