// Small settings that outlive the page. A browser that refuses storage only forgets.

const PREFIX = "onair.";
const VALUE_MAX = 2_000;

/**
 * @param {string} name
 * @returns {unknown} what was kept, or null
 */
export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {unknown} value anything JSON can hold, small
 */
export function keep(name, value) {
  try {
    const text = JSON.stringify(value);
    if (text.length <= VALUE_MAX) localStorage.setItem(PREFIX + name, text);
  } catch {
    // private windows and full disks: the setting lasts as long as the page
  }
}

/**
 * Calls back when another tab keeps something else under `name`.
 * @param {string} name
 * @param {(value: unknown) => void} listener
 * @param {AbortSignal} signal
 */
export function onKept(name, listener, signal) {
  addEventListener("storage", ({ key }) => {
    if (key === PREFIX + name) listener(recall(name));
  }, { signal });
}

/** @param {string} name */
export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // nothing was kept
  }
}
