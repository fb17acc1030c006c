// Runs inside the viewer's page beside the eye: notes what befalls the video on top, as the browser tells it. It asks the
// page nothing either.

/**
 * What befell the picture that was on, on the page's clock; or that the page was hidden or shown.
 * @typedef {Readonly<{ kind: string, at_ms: number, rate: number, is_audible: boolean }>} Happening
 */

export function openSpy() {
  const HAPPENINGS_MAX = 20_000;
  /** @type {Happening[]} */
  const happenings = [];

  const topVideo = () => document.elementsFromPoint(innerWidth / 2, innerHeight / 4).find((element) => element instanceof HTMLVideoElement);

  /** @param {string} kind @param {HTMLVideoElement | null} video */
  function note(kind, video) {
    if (happenings.length >= HAPPENINGS_MAX) return;
    const is_audible = video !== null && !video.muted && video.volume > 0 && !video.paused;
    happenings.push({ kind, at_ms: performance.now(), rate: video?.playbackRate ?? 1, is_audible });
  }

  // They do not bubble, so they are heard on the way down.
  for (const kind of ["seeking", "waiting", "ratechange"]) {
    document.addEventListener(
      kind,
      ({ target }) => target instanceof HTMLVideoElement && target === topVideo() && note(kind, target),
      { capture: true },
    );
  }
  document.addEventListener("visibilitychange", () => note(document.visibilityState, null));
  Object.assign(globalThis, { takeHappenings: () => happenings.splice(0) });
}
