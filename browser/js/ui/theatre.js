// Theatre: the picture takes the window and the page goes dark.

import { keep, recall } from "../edges/storage.js";
import { find, setAttribute, setPressed } from "./dom.js";
import { scope } from "./scope.js";

/**
 * @param {HTMLElement} root
 * @param {{ signal: AbortSignal }} parts
 */
export function mountTheatre(root, { signal: parent }) {
  const { signal, close } = scope(parent);
  const button = find(root, "[data-theatre]");
  let isOn = recall("theatre") === true;

  function render() {
    setAttribute(document.body, "data-theatre", isOn ? "on" : null);
    setPressed(button, isOn);
  }
  function toggle() {
    isOn = !isOn;
    keep("theatre", isOn);
    render();
    if (isOn) globalThis.scrollTo(0, 0);
  }
  render();
  button.addEventListener("click", toggle, { signal });
  return { close, toggle };
}
