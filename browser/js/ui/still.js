// A small still with a place of its own: while there is no picture, or none comes, the drawing behind it shows.

import { find, setAttribute } from "./dom.js";

/**
 * @param {ParentNode} root
 * @param {string} selector of the box
 * @param {string | null} address
 */
export function showStill(root, selector, address) {
  const picture = /** @type {HTMLImageElement} */ (find(root, `${selector} img`));
  if (address === null) {
    picture.hidden = true;
    picture.removeAttribute("src");
  } else if (picture.getAttribute("src") !== address) {
    picture.hidden = false;
    picture.onerror = () => {
      picture.hidden = true;
    };
    setAttribute(picture, "src", address);
  }
}
