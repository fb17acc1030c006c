// The words of a subtitle track over the picture. Drawn by the page and not by the browser, so that they keep clear
// of the controls, are as large as the picture asks for, and leave in the instant their programme does.

import { cuesSaid } from "../core/captions.js";
import { find, setAttribute } from "./dom.js";

/** Files with more at a time are not meant to be read. */
const AT_ONCE_MAX = 8;

/**
 * @param {ParentNode} root
 * @param {{ signal: AbortSignal }} parts
 * @returns {{ follow: (track: TextTrack | null) => void }} shows that track from now on, or none
 */
export function mountCues(root, { signal }) {
  const box = find(root, "[data-cues]");
  const [top, bottom] = ["top", "bottom"].map((edge) => {
    const group = document.createElement("div");
    group.className = `cues__group cues__group--${edge}`;
    return box.appendChild(group);
  });
  /** @type {TextTrack | null} */
  let followed = null;
  let listening = new AbortController();

  function render() {
    const active = cuesSaid(/** @type {VTTCue[]} */ ([...(followed?.activeCues ?? [])].slice(0, AT_ONCE_MAX)));
    setAttribute(box, "lang", followed?.language || null);
    for (const [group, wanted] of /** @type {const} */ ([[top, true], [bottom, false]])) {
      group?.replaceChildren(...active.filter((cue) => isAtTop(cue) === wanted).map(line));
    }
  }

  return {
    follow(track) {
      if (track === followed) return;
      listening.abort();
      listening = new AbortController();
      followed = track;
      track?.addEventListener("cuechange", render, { signal: AbortSignal.any([listening.signal, signal]) });
      render();
    },
  };
}

/** Some stand at the top, where they cover less. @param {VTTCue} cue */
function isAtTop({ line: place, snapToLines }) {
  if (typeof place !== "number") return false;
  return snapToLines ? place >= 0 && place < 6 : place < 40;
}

/** @param {VTTCue} cue */
function line(cue) {
  const paragraph = document.createElement("p");
  const words = document.createElement("span");
  paragraph.className = "cues__line";
  paragraph.dir = "auto";
  words.className = "cues__words";
  words.append(cue.getCueAsHTML()); // the browser's own parser: nothing in a file becomes a script or a link
  paragraph.append(words);
  return paragraph;
}
