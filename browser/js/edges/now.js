// The only reader of the browser's clock, and the only place where timers are set. `performance.now()` does
// not step when somebody corrects the wall clock.

/** Milliseconds on this page's (or worker's) own monotonic clock. */
export const localNowMs = () => performance.now();

/**
 * When this page was asked for and when its first byte came, on the local clock; null when unknown. The answer
 * holds the server's time, so loading the page is itself an exchange with the server's clock.
 */
export function pageExchange() {
  const [entry] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (!entry || !(entry.requestStart > 0) || !(entry.responseStart >= entry.requestStart)) return null;
  return { sent_local_ms: entry.requestStart, received_local_ms: entry.responseStart };
}

/**
 * Calls back once after `ms`, unless the signal aborts first.
 * @param {number} ms
 * @param {() => void} callback
 * @param {AbortSignal} [signal]
 * @returns {() => void} cancels
 */
export function after(ms, callback, signal) {
  if (signal?.aborted) return () => {};
  const cancel = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  };
  const timer = setTimeout(() => {
    cancel();
    callback();
  }, ms);
  signal?.addEventListener("abort", cancel);
  return cancel;
}

/**
 * Calls back every `ms` until the signal aborts or the returned function is called.
 * @param {number} ms
 * @param {() => void} callback
 * @param {AbortSignal} [signal]
 * @returns {() => void} cancels
 */
export function every(ms, callback, signal) {
  if (signal?.aborted) return () => {};
  const timer = setInterval(callback, ms);
  const cancel = () => clearInterval(timer);
  signal?.addEventListener("abort", cancel, { once: true });
  return cancel;
}

/**
 * Resolves after `ms`, or at once when the signal aborts.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = after(ms, done);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done);
  });
}

/**
 * A signal that aborts after `ms` or with `signal`, whichever is first.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 */
export const timeLimit = (ms, signal) => AbortSignal.any([AbortSignal.timeout(ms), ...(signal ? [signal] : [])]);

/**
 * Resolves at the next rendering of the page with that rendering's time on the local clock; a hidden page is
 * not rendered, so there a timer stands in.
 * @returns {Promise<number>}
 */
export function nextRendering() {
  return new Promise((resolve) => {
    if (document.hidden) after(50, () => resolve(localNowMs()));
    else {
      const cancel = after(250, () => resolve(localNowMs())); // it may be hidden while we wait
      requestAnimationFrame((ms) => {
        cancel();
        resolve(ms);
      });
    }
  });
}
