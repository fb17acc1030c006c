// A few words over the picture about what a key has just done.

import { after } from "../edges/now.js";
import { find, setText } from "./dom.js";

const SHOWN_MS = 1_200;

/** @typedef {{ show: (text: string) => void }} Osd */

/**
 * @param {HTMLElement} root
 * @param {{ signal: AbortSignal }} parts
 * @returns {Osd}
 */
export function mountOsd(root, { signal }) {
  const display = find(root, "[data-osd]");
  let hide = () => {};
  return {
    show(text) {
      hide();
      setText(display, text);
      display.hidden = false;
      hide = after(SHOWN_MS, () => {
        display.hidden = true;
      }, signal);
    },
  };
}
