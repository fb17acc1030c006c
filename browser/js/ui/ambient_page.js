// The ambient screen: only the picture, and now and then the title.

import { after } from "../edges/now.js";
import { mountAnnouncer } from "./announcer.js";
import { find } from "./dom.js";
import { mountDriftReport } from "./drift_report.js";
import { enterFullscreen } from "./fullscreen.js";
import { mountIdle } from "./idle.js";
import { mountPixelShift } from "./pixel_shift.js";
import { scope } from "./scope.js";
import { mountSlates } from "./slates.js";
import { mountSubtitles } from "./subtitles.js";
import { createTicker } from "./ticker.js";
import { mountTitleCard } from "./title_card.js";

/** @import { PageParts } from "./parts.js" */

const IDLE_AFTER_MS = 3_000;
const HINT_SHOWN_MS = 6_000;
/** Keys that mean something else to the browser or the person. */
const NOT_FOR_US = new Set(["Escape", "Tab", "Shift", "Control", "Alt", "Meta", "F5", "F11", "F12"]);

/**
 * @param {ParentNode} page
 * @param {Pick<PageParts, "channel" | "player" | "signal">} given
 */
export function mountAmbientPage(page, { channel, player, signal: parent }) {
  const { signal, close } = scope(parent);
  const root = find(page, "[data-ambient]");
  const hint = find(root, "[data-hint]");
  const parts = { channel, player, ticker: createTicker(signal), signal };
  let cancelHint = () => {};

  mountSlates(root, parts);
  mountTitleCard(root, parts);
  mountSubtitles(root, parts); // as chosen on the main page
  mountAnnouncer(page, parts);
  mountPixelShift(root, { signal });
  mountDriftReport(parts);
  hint.hidden = false;
  mountIdle(root, { signal, idleAfterMs: IDLE_AFTER_MS, onChange: (idle) => !idle && showHint() });

  /** Said to whoever moves a pointer, until the screen is full. */
  function showHint() {
    if (document.fullscreenElement) return;
    cancelHint();
    hint.setAttribute("data-shown", "");
    cancelHint = after(HINT_SHOWN_MS, hideHint, signal);
  }
  const hideHint = () => hint.removeAttribute("data-shown");

  /** A key of a remote or a click: the picture takes the screen, and plays if it had to wait for a person. */
  function onPerson() {
    hideHint();
    if (player.root.dataset.state === "blocked") player.unblock();
    if (!document.fullscreenElement) void enterFullscreen(document.documentElement, player.front());
  }
  document.addEventListener("click", onPerson, { signal });
  document.addEventListener("keydown", (event) => {
    if (NOT_FOR_US.has(event.key) || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.key.toLowerCase() === "m") player.setMuted(player.root.dataset.muted !== "true");
    else onPerson();
  }, { signal });
  document.addEventListener("fullscreenchange", hideHint, { signal });
  return { close };
}
