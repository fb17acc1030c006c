// Lifetimes: everything a component listens to ends with its signal.

/**
 * A lifetime inside another: it ends with its parent or by `close()`.
 * @param {AbortSignal} parent
 * @returns {{ signal: AbortSignal, close: () => void }}
 */
export function scope(parent) {
  const own = new AbortController();
  const close = () => own.abort();
  if (parent.aborted) close();
  else parent.addEventListener("abort", close, { once: true, signal: own.signal });
  return { signal: own.signal, close };
}

/**
 * Calls `render` now and whenever one of `attributes` changes on `element`.
 * @param {Element} element
 * @param {string[]} attributes
 * @param {() => void} render
 * @param {AbortSignal} signal
 * @param {{ subtree?: boolean }} [options]
 */
export function followAttributes(element, attributes, render, signal, { subtree = false } = {}) {
  if (signal.aborted) return;
  const observer = new MutationObserver(render);
  observer.observe(element, { attributes: true, attributeFilter: attributes, subtree, childList: subtree });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  render();
}
