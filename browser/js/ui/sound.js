// Sound on and off, louder and softer, and the one obvious way to turn it on.

import { recall } from "../edges/storage.js";
import { find, setAttribute, setPressed } from "./dom.js";
import { followAttributes, scope } from "./scope.js";

/** @import { Osd } from "./osd.js" */
/** @import { PlayerControls } from "./parts.js" */

const STEP = 5;

/**
 * @param {HTMLElement} root
 * @param {{ player: PlayerControls, osd: Osd, signal: AbortSignal }} parts
 */
export function mountSound(root, { player, osd, signal: parent }) {
  const { signal, close } = scope(parent);
  const button = find(root, "[data-mute]");
  const slider = /** @type {HTMLInputElement} */ (find(root, "[data-loudness]"));
  const invitation = find(root, "[data-unmute]");
  if (recall("muted") === true) setAttribute(invitation, "data-declined", ""); // chosen at an earlier visit

  const isMuted = () => player.root.dataset.muted === "true";
  const percent = () => Math.round(Number(player.root.dataset.volume ?? 1) * 100);

  followAttributes(player.root, ["data-muted", "data-volume"], () => {
    const muted = isMuted();
    setPressed(button, muted);
    slider.value = String(muted ? 0 : percent());
    setAttribute(slider, "aria-valuetext", muted ? "Muted" : `${percent()} %`);
  }, signal);

  /** @param {boolean} muted */
  function setMuted(muted) {
    setAttribute(invitation, "data-declined", ""); // whoever has chosen is not asked again
    if (!muted && percent() === 0) player.setVolume(STEP * 4 / 100);
    player.setMuted(muted);
    osd.show(muted ? "Muted" : `Volume ${percent()} %`);
  }

  /** @param {number} value percent */
  function setVolume(value) {
    const volume = Math.min(100, Math.max(0, value));
    setAttribute(invitation, "data-declined", "");
    player.setVolume(volume / 100);
    player.setMuted(volume === 0);
    osd.show(volume === 0 ? "Muted" : `Volume ${volume} %`);
  }

  const toggle = () => setMuted(!isMuted());
  button.addEventListener("click", toggle, { signal });
  invitation.addEventListener("click", () => {
    setMuted(false);
    button.focus({ preventScroll: true }); // the invitation leaves; the focus must not
  }, { signal });
  slider.addEventListener("input", () => setVolume(Number(slider.value)), { signal });

  return {
    close,
    toggle,
    louder: () => setVolume((isMuted() ? 0 : percent()) + STEP),
    softer: () => setVolume((isMuted() ? 0 : percent()) - STEP),
  };
}
