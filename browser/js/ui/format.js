// How times, sizes and counts read. Pure; browser/units.html.tera says lengths in the same words.

const MINUTE_S = 60;
const HOUR_S = 3_600;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** @param {number} value */
const twoDigits = (value) => String(value).padStart(2, "0");

/**
 * `1:05`, `1:02:06`: whole seconds, the begun one not counted.
 * @param {number} ms
 */
export function lengthText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const hours = Math.floor(seconds / HOUR_S);
  const minutes = Math.floor(seconds / MINUTE_S) % MINUTE_S;
  const rest = twoDigits(seconds % MINUTE_S);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/**
 * What is left, the begun second counted: elapsed and remaining always add up to the length.
 * @param {number} ms
 */
export const remainingText = (ms) => lengthText(Math.ceil(Math.max(0, ms) / 1_000) * 1_000);

/** The viewer's own time of day, hours and minutes. @param {number} unixMs */
export const clockText = (unixMs) => clock.format(unixMs);

/** The same without "am" or "pm", for the face of a clock. @param {number} unixMs */
export const clockFaceText = (unixMs) =>
  clock.formatToParts(unixMs).filter(({ type }) => type !== "dayPeriod").map(({ value }) => value).join("").trim();

/**
 * When something will be: the time of day, with the weekday if it is more than half a day away.
 * @param {number} unixMs @param {number} nowMs
 */
export const whenText = (unixMs, nowMs) =>
  unixMs - nowMs > 12 * HOUR_S * 1_000 ? weekday.format(unixMs) : clock.format(unixMs);

/** Digits as the server writes them, shortened from ten thousand. @param {number} count */
export const countText = (count) => (count < 10_000 ? String(count) : compact.format(count));

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `734 MB`, `1.4 GB`: decimal units, as file managers and disks count. @param {number} bytes */
export function sizeText(bytes) {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = value < 9.95 && unit > 1 ? value.toFixed(1) : String(Math.round(value));
  return `${digits} ${UNITS[unit]}`;
}

/** A limit, never rounded up, in the server's own words: `21.4 GB`, `40 MB`. @param {number} bytes */
export function limitText(bytes) {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Math.floor((bytes * 10) / 1_000 ** power) / 10} ${UNITS[power]}`;
}

/** `12 s`, `3 min`, `1 h 20 min`: a length nobody needs to the second. @param {number} ms */
export function roughText(ms) {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / MINUTE_S);
  if (minutes < MINUTE_S) return `${minutes} min`;
  const rest = minutes % MINUTE_S;
  return rest === 0 ? `${minutes / MINUTE_S} h` : `${Math.floor(minutes / MINUTE_S)} h ${rest} min`;
}
