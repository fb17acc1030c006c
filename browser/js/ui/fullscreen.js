// Full screen for the stage; on telephones that know it only for a video, for the video.

import { find, setPressed } from "./dom.js";
import { mountIdle } from "./idle.js";
import { scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

const IDLE_AFTER_MS = 2_500;

/**
 * Asks for full screen, in whatever way this browser knows.
 * @param {HTMLElement} element
 * @param {HTMLVideoElement} [video]
 */
export async function enterFullscreen(element, video) {
  try {
    if (element.requestFullscreen) await element.requestFullscreen({ navigationUI: "hide" });
    else if (video && "webkitEnterFullscreen" in video) /** @type {any} */ (video).webkitEnterFullscreen();
  } catch {
    // refused: it was not a person who asked, or the browser does not let pages do it
  }
}

/**
 * @param {HTMLElement} root
 * @param {PageParts} parts
 */
export function mountFullscreen(root, { player, signal: parent }) {
  const { signal, close } = scope(parent);
  const stage = find(root, "[data-stage]");
  const button = find(root, "[data-fullscreen]");
  button.hidden = !document.fullscreenEnabled && !("webkitEnterFullscreen" in player.front());

  const render = () => setPressed(button, document.fullscreenElement === stage);
  function toggle() {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void enterFullscreen(stage, player.front());
  }
  mountIdle(stage, { signal, idleAfterMs: IDLE_AFTER_MS });
  document.addEventListener("fullscreenchange", render, { signal });
  button.addEventListener("click", toggle, { signal });
  find(root, "[data-player]").addEventListener("dblclick", toggle, { signal });
  render();
  return { close, toggle };
}
