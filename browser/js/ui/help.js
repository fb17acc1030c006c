// The list of keys, and the switch for those who need single keys left alone (WCAG 2.2, 2.1.4).

import { keep, recall } from "../edges/storage.js";
import { find } from "./dom.js";
import { scope } from "./scope.js";

/**
 * @param {ParentNode} root
 * @param {{ signal: AbortSignal }} parts
 */
export function mountHelp(root, { signal: parent }) {
  const { signal, close } = scope(parent);
  const dialog = /** @type {HTMLDialogElement} */ (find(root, "[data-help]"));
  const switched = /** @type {HTMLInputElement} */ (find(root, "[data-keys-on]"));
  switched.checked = recall("keys") !== false;

  function toggle() {
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }
  find(root, "[data-help-open]").addEventListener("click", toggle, { signal });
  find(root, "[data-help-close]").addEventListener("click", () => dialog.close(), { signal });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  }, { signal });
  switched.addEventListener("change", () => keep("keys", switched.checked), { signal });
  return { close, toggle, keysAreOn: () => switched.checked, isOpen: () => dialog.open };
}
