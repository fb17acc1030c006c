// Picture in picture, carried from programme to programme although each has its own video element.

import { find, setPressed } from "./dom.js";
import { followAttributes, scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

/**
 * @param {HTMLElement} root
 * @param {PageParts} parts
 */
export function mountPictureInPicture(root, { player, signal: parent }) {
  const { signal, close } = scope(parent);
  const button = find(root, "[data-pip]");
  button.hidden = !document.pictureInPictureEnabled;

  const isOpen = () => document.pictureInPictureElement !== null;
  const render = () => setPressed(button, isOpen());

  /** With a window already open a browser lets another video take it over without a click. */
  async function open() {
    try {
      if (document.pictureInPictureElement !== player.front()) await player.front().requestPictureInPicture();
    } catch {
      // no picture yet, or refused: the button stays as it is
    }
  }
  async function toggle() {
    if (isOpen()) await document.exitPictureInPicture();
    else await open();
  }

  followAttributes(player.root, ["data-front"], () => {
    if (isOpen()) void open();
  }, signal, { subtree: true });
  for (const event of ["enterpictureinpicture", "leavepictureinpicture"]) {
    player.root.addEventListener(event, render, { capture: true, signal });
  }
  button.addEventListener("click", () => void toggle(), { signal });
  render();
  return { close };
}
