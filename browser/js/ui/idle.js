// Marks an element `data-idle` when nobody has touched anything for a while; cursors and controls leave by it.

import { every } from "../edges/now.js";
import { scope } from "./scope.js";

const SIGNS_OF_LIFE = ["pointermove", "pointerdown", "keydown", "wheel"];
/** So many looks without a sign of life make it idle: no timer is set for every move of a pointer. */
const QUIET_LOOKS = 4;

/**
 * @param {HTMLElement} element
 * @param {{ signal: AbortSignal, idleAfterMs: number, onChange?: (idle: boolean) => void }} options
 */
export function mountIdle(element, { signal: parent, idleAfterMs, onChange = () => {} }) {
  const { signal, close } = scope(parent);
  let quietLooks = 0;

  /** @param {boolean} idle */
  function set(idle) {
    if (element.hasAttribute("data-idle") === idle) return;
    element.toggleAttribute("data-idle", idle);
    onChange(idle);
  }
  function wake() {
    quietLooks = 0;
    set(false);
  }
  for (const sign of SIGNS_OF_LIFE) document.addEventListener(sign, wake, { signal, passive: true });
  every(idleAfterMs / QUIET_LOOKS, () => {
    quietLooks += 1;
    if (quietLooks >= QUIET_LOOKS) set(true);
  }, signal);
  return { close };
}
