// A picture to paint on: three planes of floats in display (sRGB) values, and what scenes share.

export const WIDTH = 1280;
export const HEIGHT = 720;
export const FRAMES_PER_S = 25;

export const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));
export const mix = (a, b, share) => a + (b - a) * share;

/** 0 below `from`, 1 above `to`, with no corner between. */
export function smoothstep(from, to, value) {
  const share = clamp((value - from) / (to - from));
  return share * share * (3 - 2 * share);
}

/** "#ff8040" as three shares of 1. */
export function colour(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

export const mixColours = (a, b, share) => [mix(a[0], b[0], share), mix(a[1], b[1], share), mix(a[2], b[2], share)];

/** The colour at `share` along evenly spaced stops. */
export function gradient(stops, share) {
  const place = clamp(share) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  return mixColours(stops[index], stops[index + 1], place - index);
}

/** Random numbers in 0…1 that are the same on every machine (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const lattice = (() => {
  const next = random(20240229);
  return Float32Array.from({ length: 4096 }, next);
})();

/** Smooth noise in 0…1 over the plane. */
export function noise(x, y) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - column, y - row];
  const [sx, sy] = [fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)];
  const at = (i, j) => lattice[(Math.imul(i, 374761393) ^ Math.imul(j, 668265263)) & 4095];
  const top = mix(at(column, row), at(column + 1, row), sx);
  return mix(top, mix(at(column, row + 1), at(column + 1, row + 1), sx), sy);
}

/** Noise of several sizes laid over each other, 0…1. */
export function layeredNoise(x, y, layers) {
  let [sum, weight, total, scale] = [0, 1, 0, 1];
  for (let layer = 0; layer < layers; layer += 1) {
    sum += weight * noise(x * scale + layer * 17.3, y * scale - layer * 9.1);
    total += weight;
    weight *= 0.5;
    scale *= 2.03;
  }
  return sum / total;
}

export class Picture {
  constructor(width = WIDTH, height = HEIGHT) {
    this.width = width;
    this.height = height;
    this.red = new Float32Array(width * height);
    this.green = new Float32Array(width * height);
    this.blue = new Float32Array(width * height);
  }

  set(index, [red, green, blue]) {
    this.red[index] = red;
    this.green[index] = green;
    this.blue[index] = blue;
  }

  /** Covers the pixel with `paint` by `share`. */
  cover(index, [red, green, blue], share) {
    this.red[index] += (red - this.red[index]) * share;
    this.green[index] += (green - this.green[index]) * share;
    this.blue[index] += (blue - this.blue[index]) * share;
  }

  /** Lights the pixel up, as a lamp would. */
  add(index, [red, green, blue], strength) {
    this.red[index] += red * strength;
    this.green[index] += green * strength;
    this.blue[index] += blue * strength;
  }

  /** A soft round glow. */
  glow(x, y, radius, paint, strength) {
    const [top, bottom] = [Math.max(0, Math.floor(y - radius)), Math.min(this.height - 1, Math.ceil(y + radius))];
    const [left, right] = [Math.max(0, Math.floor(x - radius)), Math.min(this.width - 1, Math.ceil(x + radius))];
    for (let row = top; row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        const distance = Math.hypot(column - x, row - y) / radius;
        if (distance < 1) this.add(row * this.width + column, paint, strength * (1 - distance) ** 2.4);
      }
    }
  }

  /** Darkens everything: 0 is black, 1 as it was. */
  fade(level) {
    if (level >= 1) return;
    for (const plane of [this.red, this.green, this.blue]) {
      for (let index = 0; index < plane.length; index += 1) plane[index] *= level;
    }
  }
}

// Jimenez' interleaved gradient noise: a still dither that hides the steps of dark gradients.
const ditherAt = (x, y) => (52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1)) % 1;
const dither = Float32Array.from({ length: WIDTH * HEIGHT }, (_, index) =>
  ditherAt(index % WIDTH, Math.floor(index / WIDTH)),
);

/** Writes the picture as planar 4:2:0 video (BT.709, limited range) into `bytes`. */
export function toVideo(picture, bytes) {
  const { red, green, blue } = picture;
  const size = WIDTH * HEIGHT;
  for (let index = 0; index < size; index += 1) {
    const luma = 0.2126 * clamp(red[index]) + 0.7152 * clamp(green[index]) + 0.0722 * clamp(blue[index]);
    bytes[index] = 16 + 219 * luma + dither[index];
  }
  let place = size;
  for (let row = 0; row < HEIGHT; row += 2) {
    for (let column = 0; column < WIDTH; column += 2) {
      const index = row * WIDTH + column;
      const mean = (plane) =>
        (clamp(plane[index]) + clamp(plane[index + 1]) + clamp(plane[index + WIDTH]) + clamp(plane[index + WIDTH + 1])) / 4;
      const [r, g, b] = [mean(red), mean(green), mean(blue)];
      const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      bytes[place] = 128 + (224 * (b - luma)) / 1.8556 + dither[index];
      bytes[place + size / 4] = 128 + (224 * (r - luma)) / 1.5748 + dither[index];
      place += 1;
    }
  }
}
