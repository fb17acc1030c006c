// The captions button: it switches the one track a programme has, or opens the list of several. Without any it is
// not there.

import { trackAfter } from "../core/captions.js";
import { find, setAttribute, setText } from "./dom.js";
import { mountMenu } from "./menu.js";
import { scope } from "./scope.js";
import { mountSubtitles } from "./subtitles.js";

/** @import { Osd } from "./osd.js" */
/** @import { PlayerControls } from "./parts.js" */
/** @import { Subtitles } from "./subtitles.js" */

/**
 * @param {HTMLElement} root
 * @param {{ player: PlayerControls, osd: Osd, announce: (sentence: string) => void, signal: AbortSignal }} parts
 */
export function mountCaptions(root, { player, osd, announce, signal: parent }) {
  const { signal, close } = scope(parent);
  const button = find(root, "[data-captions]");
  const name = find(button, "[data-captions-name]");
  const menu = mountMenu({ button, list: find(root, "[data-captions-menu]"), signal });
  const subtitles = mountSubtitles(root, { player, signal, onChange: render });

  /** @param {Subtitles} now */
  function render({ tracks, shown }) {
    const isMenu = tracks.length > 1;
    if (!isMenu) menu.close();
    button.hidden = tracks.length === 0;
    setAttribute(button, "data-on", shown >= 0 ? "" : null);
    setAttribute(button, "aria-pressed", isMenu ? null : String(shown >= 0));
    setAttribute(button, "aria-haspopup", isMenu ? "menu" : null);
    setAttribute(button, "aria-expanded", isMenu ? String(menu.isOpen()) : null);
    setText(name, isMenu ? `Captions: ${tracks[shown]?.label ?? "off"}` : "Captions");
    menu.fill([
      { text: "Off", lang: "", isChecked: shown < 0, choose: () => subtitles.choose(-1) },
      ...tracks.map(({ label, language }, place) => ({
        text: label || language,
        lang: language,
        isChecked: place === shown,
        choose: () => subtitles.choose(place),
      })),
    ]);
  }

  function press() {
    const { tracks, shown } = subtitles.current();
    if (tracks.length > 1) menu.toggle();
    else subtitles.choose(trackAfter(shown, tracks.length));
  }

  /** By the key: from track to track, then off, said on the picture because no menu shows it. */
  function cycle() {
    if (button.hidden) return;
    const { tracks, shown } = subtitles.current();
    const place = trackAfter(shown, tracks.length);
    subtitles.choose(place);
    const words = `Captions: ${tracks[place]?.label ?? "off"}`;
    osd.show(words);
    announce(words);
  }
  button.addEventListener("click", press, { signal });
  return { close, cycle };
}
