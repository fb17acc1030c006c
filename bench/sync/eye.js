// Runs inside the viewer's page, put there by the benchmark before any of the page's own code: reads the number
// out of the picture that lies on top, at every frame a video presents and at every change of what is on top.
// It asks the page nothing; times are the browser's own for when the picture reaches the display.

/** @param {{ columns: number, code_share: number }} options how much of the picture's height the code takes, from the top */
export function openEye({ columns, code_share }) {
  const SIGHTINGS_MAX = 200_000;
  /** @type {Array<[at_ms: number, word: number, complement: number]>} */
  const sightings = [];
  const canvas = new OffscreenCanvas(columns, 2);
  const pencil = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  /** @type {Set<HTMLVideoElement>} */
  const watched = new Set();
  /** @type {HTMLVideoElement | undefined} */
  let top;
  let tickMs = 1_000 / 60;

  const topVideo = () =>
    /** @type {HTMLVideoElement | undefined} */ (
      document.elementsFromPoint(innerWidth / 2, innerHeight / 4).find((element) => element instanceof HTMLVideoElement)
    );

  /** @param {HTMLVideoElement} video @param {number} atMs */
  function look(video, atMs) {
    if (video.videoWidth === 0 || sightings.length >= SIGHTINGS_MAX) return;
    pencil.drawImage(video, 0, 0, video.videoWidth, video.videoHeight * code_share, 0, 0, columns, 2);
    const { data } = pencil.getImageData(0, 0, columns, 2);
    const row = (/** @type {number} */ y) => {
      let bits = 0;
      for (let x = 0; x < columns; x += 1) bits = bits * 2 + (data[4 * (y * columns + x)] > 128 ? 1 : 0);
      return bits;
    };
    sightings.push([atMs, row(0), row(1)]);
  }

  /** @param {HTMLVideoElement} video */
  function watch(video) {
    watched.add(video);
    const again = () =>
      video.requestVideoFrameCallback((_now, { expectedDisplayTime }) => {
        if (video === topVideo()) look(video, expectedDisplayTime);
        again();
      });
    again();
  }

  let lastMs = 0;
  /** @param {number} nowMs */
  function onRendering(nowMs) {
    if (nowMs - lastMs > 3) tickMs += (Math.min(Math.max(nowMs - lastMs, 4), 17) - tickMs) / 8;
    lastMs = nowMs;
    for (const video of document.querySelectorAll("video")) if (!watched.has(video)) watch(video);
    const now = topVideo();
    if (now && now !== top) look(now, nowMs + tickMs);
    top = now;
    requestAnimationFrame(onRendering);
  }
  requestAnimationFrame(onRendering);
  Object.assign(globalThis, { takeSightings: () => sightings.splice(0) });
}
