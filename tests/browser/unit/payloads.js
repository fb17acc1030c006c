// Payloads as the server writes them.

/** @param {number} index @param {number} startedAtMs @param {Record<string, unknown>} [more] */
export const airing = (index, startedAtMs, more = {}) => ({
  index,
  id: `video-${index}`,
  title: `Video ${index}`,
  url: `/static/video-${index}.mp4`,
  kind: "progressive",
  source: "static",
  started_at_ms: startedAtMs,
  duration_ms: durationOf(index),
  likes: index,
  dislikes: 0,
  poster: null,
  ...more,
});

/** Every video of the test channel has another length. @param {number} index */
export const durationOf = (index) => 10_000 + index * 1_000;

/** @param {number} index @param {number} startedAtMs @param {Record<string, unknown>} [more] */
export const onAirPayload = (index, startedAtMs, more = {}) => ({
  channel: "main",
  epoch: "e1",
  seq: 1,
  server_time_ms: startedAtMs,
  current: airing(index, startedAtMs),
  next: airing((index + 1) % 3, startedAtMs + durationOf(index)),
  total: 3,
  viewers: 2,
  ...more,
});

/** The rotation of three videos as /videos tells it. */
export const videosPayload = () => ({
  videos: [0, 1, 2].map((index) => airing(index, 0)),
  current_index: 0,
});

/** A seeded generator of numbers in [0, 1) (mulberry32), so that a failure can be repeated. @param {number} seed */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
