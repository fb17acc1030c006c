// A WebVTT whose cues point into one sheet of small pictures (`sprite.jpg#xywh=320,0,160,90`), read and thinned out
// for a running preview. Pure.

const TEXT_MAX = 1 << 20;
const TILES_MAX = 5_000;
const SIDE_MAX = 1 << 15;
const TIMING = /^(?:(\d{1,4}):)?(\d\d):(\d\d)\.(\d{3})[ \t]+-->/;
const PART = /^([\w.-]{1,100}\.(?:jpe?g|png|webp))#xywh=(?:pixel:)?(\d{1,6}),(\d{1,6}),(\d{1,6}),(\d{1,6})$/i;

/**
 * One small picture: where it lies on the sheet, in pixels, and which moment it shows.
 * @typedef {Readonly<{ start_ms: number, x: number, y: number, width: number, height: number }>} Tile
 *
 * `file` is the sheet's plain name, beside the WebVTT; the size is that of the part in use.
 * @typedef {Readonly<{ file: string, width: number, height: number, tiles: ReadonlyArray<Tile> }>} Sheet
 */

/**
 * Null when there is nothing in it to show; cues that are not understood, or belong to another sheet, are left out.
 * @param {string} text
 * @returns {Sheet | null}
 */
export function parsePreviews(text) {
  if (!/^\uFEFF?WEBVTT(?:\s|$)/.test(text) || text.length > TEXT_MAX) return null;
  const cues = text.replace(/\r\n?/g, "\n").split(/\n{2,}/).flatMap((block) => cueFrom(block) ?? []).slice(0, TILES_MAX);
  const file = cues[0]?.file;
  if (file === undefined) return null;
  const tiles = cues.filter((cue) => cue.file === file).map(({ tile }) => tile);
  return Object.freeze({
    file,
    width: Math.max(...tiles.map(({ x, width }) => x + width)),
    height: Math.max(...tiles.map(({ y, height }) => y + height)),
    tiles: Object.freeze(tiles),
  });
}

/** @param {string} block @returns {{ file: string, tile: Tile } | null} */
function cueFrom(block) {
  const lines = block.split("\n");
  const at = lines.findIndex((line) => line.includes("-->"));
  const timing = TIMING.exec(lines[at]?.trim() ?? "");
  const part = PART.exec(lines[at + 1]?.trim() ?? "");
  if (!timing || !part) return null;
  const [hours = 0, minutes = 0, seconds = 0, ms = 0] = timing.slice(1).map((digits) => Number(digits ?? 0));
  const [x = 0, y = 0, width = 0, height = 0] = part.slice(2).map(Number);
  if (width === 0 || height === 0 || x + width > SIDE_MAX || y + height > SIDE_MAX) return null;
  const start_ms = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms;
  return { file: part[1] ?? "", tile: Object.freeze({ start_ms, x, y, width, height }) };
}

/**
 * At most `count` of them, spread evenly, the first one first.
 * @param {ReadonlyArray<Tile>} tiles
 * @param {number} count
 */
export function spread(tiles, count) {
  if (tiles.length <= count) return tiles;
  return Array.from({ length: count }, (_, place) => /** @type {Tile} */ (tiles[Math.floor((place * tiles.length) / count)]));
}

/**
 * How a box shows one tile of the sheet at whatever size it has: CSS `background-size` and `background-position`.
 * @param {Tile} tile
 * @param {Sheet} sheet
 */
export function placement({ x, y, width, height }, sheet) {
  const share = (/** @type {number} */ at, /** @type {number} */ room) => (room > 0 ? (at / room) * 100 : 0);
  return {
    size: `${(sheet.width / width) * 100}% ${(sheet.height / height) * 100}%`,
    position: `${share(x, sheet.width - width)}% ${share(y, sheet.height - height)}%`,
  };
}
