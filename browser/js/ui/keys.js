// The keyboard: single keys, as on a remote.

import { scope } from "./scope.js";

/**
 * @typedef {{ press: () => void, repeats?: boolean }} KeyAction
 */

/**
 * @param {Record<string, KeyAction>} actions by `KeyboardEvent.key`, letters in lower case
 * @param {{ signal: AbortSignal, isListening: (key: string) => boolean }} options
 */
export function mountKeys(actions, { signal: parent, isListening }) {
  const { signal, close } = scope(parent);
  document.addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
    if (!action || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isTyping(event.target, key) || !isListening(key)) return;
    event.preventDefault();
    if (event.repeat && !action.repeats) return;
    action.press();
  }, { signal });
  return { close };
}

/** Whether the key belongs to the field it was pressed in. @param {EventTarget | null} target @param {string} key */
function isTyping(target, key) {
  if (target instanceof HTMLInputElement) return target.type === "range" ? key.startsWith("Arrow") : target.type !== "checkbox";
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select"));
}
