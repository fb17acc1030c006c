// Captions, offered only when the programme has some.

import { keep, recall } from "../edges/storage.js";
import { find, setPressed } from "./dom.js";
import { followAttributes, scope } from "./scope.js";

/** @import { PageParts } from "./parts.js" */

const KINDS = ["captions", "subtitles"];

/**
 * @param {HTMLElement} root
 * @param {PageParts} parts
 */
export function mountCaptions(root, { player, signal: parent }) {
  const { signal, close } = scope(parent);
  const button = find(root, "[data-captions]");
  let wanted = recall("captions") === true;
  let programme = scope(signal);

  const tracks = () => [...player.front().textTracks].filter(({ kind }) => KINDS.includes(kind));

  function render() {
    const offered = tracks();
    button.hidden = offered.length === 0;
    setPressed(button, wanted);
    for (const [place, track] of offered.entries()) track.mode = wanted && place === 0 ? "showing" : "disabled";
  }

  followAttributes(player.root, ["data-front", "src"], () => {
    programme.close();
    programme = scope(signal);
    for (const event of ["addtrack", "removetrack"]) {
      player.front().textTracks.addEventListener(event, render, { signal: programme.signal });
    }
    render();
  }, signal, { subtree: true });

  function toggle() {
    if (button.hidden) return;
    wanted = !wanted;
    keep("captions", wanted);
    render();
  }
  button.addEventListener("click", toggle, { signal });
  return { close, toggle };
}
