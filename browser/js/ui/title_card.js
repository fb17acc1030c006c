// The programme's title, faded in over the picture at each change and out again.

import { after } from "../edges/now.js";
import { find, setText } from "./dom.js";
import { scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

const SHOWN_AFTER_MS = 600; // the picture first
const SHOWN_MS = 8_000;

/**
 * @param {HTMLElement} root
 * @param {Pick<PageParts, "channel" | "signal">} parts
 */
export function mountTitleCard(root, { channel, signal: parent }) {
  const { signal, close } = scope(parent);
  const card = find(root, "[data-title-card]");
  const title = find(root, "[data-title-card-title]");
  let airing = "";
  let cancel = () => {};
  card.hidden = false; // from here on it is only transparent

  channel.subscribe(({ onAir, known }) => {
    if (!known) return;
    const current = onAir?.current;
    const key = current ? `${current.id} ${current.started_at_ms}` : "";
    if (key === airing) return;
    airing = key;
    cancel();
    card.removeAttribute("data-shown");
    if (current) cancel = after(SHOWN_AFTER_MS, () => show(current.title), signal);
  }, signal);

  /** @param {string} text */
  function show(text) {
    setText(title, text);
    card.setAttribute("data-shown", "");
    cancel = after(SHOWN_MS, () => card.removeAttribute("data-shown"), signal);
  }
  return { close };
}
