// What follows after what comes next: the same schedule walked forward, as long as the rotation is known.

import { momentAt, rotationIsCurrent } from "../core/schedule.js";
import { copyOf, find, setText } from "./dom.js";
import { clockText } from "./format.js";
import { scope } from "./scope.js";
import { showStill } from "./still.js";

/** @import { PageParts } from "./parts.js" */
/** @import { Airing } from "../core/wire.js" */
/** @import { Knowledge } from "../core/schedule.js" */

const ROWS = 6;

/**
 * The programmes after `next`, in order.
 * @param {Knowledge} knowledge
 * @param {Airing} next
 * @param {number} count at most this many
 * @returns {Airing[]}
 */
export function programmesAfter(knowledge, next, count) {
  /** @type {Airing[]} */
  const airings = [];
  let moment = momentAt(knowledge, next.started_at_ms);
  while (airings.length < count && moment?.next && Number.isFinite(moment.until_ms)) {
    airings.push(moment.next);
    moment = momentAt(knowledge, moment.until_ms);
  }
  return airings;
}

/**
 * @param {HTMLElement} root
 * @param {Pick<PageParts, "channel" | "signal">} parts
 */
export function mountLater(root, { channel, signal: parent }) {
  const { signal, close } = scope(parent);
  const section = find(root, "[data-later]");
  const list = find(root, "[data-later-list]");

  channel.subscribe(({ onAir, announced, rotation }) => {
    const knowledge = { onAir: announced, rotation };
    const isKnown = rotation.length > 0 && rotationIsCurrent(knowledge);
    const airings = onAir?.next && isKnown ? programmesAfter(knowledge, onAir.next, ROWS) : [];
    section.hidden = airings.length === 0;
    while (list.children.length > airings.length) list.lastElementChild?.remove();
    for (const [place, airing] of airings.entries()) {
      const row = list.children[place] ?? list.appendChild(copyOf(root, "[data-later-row]"));
      setText(find(row, "[data-later-clock]"), clockText(airing.started_at_ms));
      setText(find(row, "[data-later-name]"), airing.title);
      showStill(row, "[data-still]", airing.poster);
    }
  }, signal);

  const fit = new ResizeObserver(() => {
    const row = /** @type {HTMLElement | null} */ (list.firstElementChild);
    section.toggleAttribute("data-cramped", row !== null && list.clientHeight < row.offsetHeight);
  });
  fit.observe(list);
  signal.addEventListener("abort", () => fit.disconnect(), { once: true });
  return { close };
}
