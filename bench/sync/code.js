// The number written into every frame as black and white blocks: 5 bits of clip, 10 of frame, 1 of parity, and
// below it the complement, so that a half-updated or blurred picture reads as nothing rather than as another
// frame.

export const WIDTH = 320;
export const HEIGHT = 180;
export const FRAME_RATE = 25;
export const COLUMNS = 16;
const BLOCK_WIDTH = WIDTH / COLUMNS;
const BLOCK_HEIGHT = 40;
/** The lines of the picture that hold the code. */
export const CODE_HEIGHT = 2 * BLOCK_HEIGHT;

/** The largest clip and frame numbers that fit. */
export const CLIP_MAX = 31;
export const FRAME_MAX = 1023;

/** @param {number} clip @param {number} frame @returns {number} the 16 bits */
export function encode(clip, frame) {
  if (clip > CLIP_MAX || frame > FRAME_MAX) throw new RangeError(`no code for clip ${clip} frame ${frame}`);
  const word = (clip << 10) | frame;
  return (word << 1) | parity(word);
}

/**
 * @param {number} word the upper row's bits
 * @param {number} complement the lower row's bits
 * @returns {{ clip: number, frame: number } | null} null if the picture holds no valid code
 */
export function decode(word, complement) {
  if ((word ^ complement) !== 0xffff || parity(word >> 1) !== (word & 1)) return null;
  return { clip: word >> 11, frame: (word >> 1) & FRAME_MAX };
}

/**
 * Draws one picture, grey levels row by row: the code, and a pattern that moves so that there is something to
 * encode.
 * @param {number} clip @param {number} frame @returns {Buffer}
 */
export function picture(clip, frame) {
  const word = encode(clip, frame);
  const pixels = Buffer.alloc(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) pixels[y * WIDTH + x] = level(word, frame, x, y);
  }
  return pixels;
}

/** @param {number} word @param {number} frame @param {number} x @param {number} y */
function level(word, frame, x, y) {
  if (y >= CODE_HEIGHT) return 40 + ((x * 2 + y + frame * 5) % 160);
  const column = Math.floor(x / BLOCK_WIDTH);
  const bit = (word >> (COLUMNS - 1 - column)) & 1;
  return (bit === 1) === y < BLOCK_HEIGHT ? 235 : 16;
}

/** @param {number} word */
function parity(word) {
  let bits = word;
  for (const shift of [8, 4, 2, 1]) bits ^= bits >> shift;
  return bits & 1;
}
