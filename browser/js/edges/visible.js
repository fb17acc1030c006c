// What lasts only while somebody can see the page.

/**
 * Calls `begin` now and each time the page is shown again, with a signal that aborts when it is hidden or `whole` ends.
 * @param {AbortSignal} whole
 * @param {(visible: AbortSignal) => void} begin
 */
export function whileVisible(whole, begin) {
  let present = new AbortController();
  const follow = () => {
    present.abort();
    if (document.hidden) return;
    present = new AbortController();
    begin(AbortSignal.any([present.signal, whole]));
  };
  document.addEventListener("visibilitychange", follow, { signal: whole });
  follow();
}
