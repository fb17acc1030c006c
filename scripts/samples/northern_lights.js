// Northern lights: curtains of light over a lake between mountains.

import { HEIGHT, WIDTH, clamp, colour, gradient, layeredNoise, mix, noise, random, smoothstep } from "./picture.js";
import { Sound } from "./sound.js";

const LENGTH_S = 32;
const SHORE = 520; // row where the lake begins
const SKY = ["#04081a", "#07142c", "#0b2440", "#12384a", "#1d4a52"].map(colour);
const FAR_HILLS = colour("#0d2236");
const NEAR_HILLS = colour("#061420");
const TREES = colour("#020810");
const MIST = colour("#2b5f68");
const LIGHTS = ["#7dffb2", "#3ff0a0", "#2fd6b4", "#3f9fe0", "#7a5fe0", "#b45fd0"].map(colour);

// Curtains are soft, so they are painted at half size.
const HALF_WIDTH = WIDTH / 2;
const HALF_HEIGHT = SHORE / 2;

// Each hangs along a slanted line from one edge of the sky to the other; rows are of the half size.
const CURTAINS = [
  { from: 62, to: 214, sway: 60, height: 150, speed: 0.03, seed: 23.9, strength: 0.6 },
  { from: 236, to: 148, sway: 44, height: 118, speed: 0.05, seed: 3.1, strength: 1 },
  { from: 196, to: 244, sway: 26, height: 74, speed: -0.04, seed: 11.7, strength: 0.62 },
];

function paintCurtain(light, curtain, t) {
  const { seed, speed } = curtain;
  const steps = 4200;
  for (let step = 0; step < steps; step += 1) {
    const along = step / steps;
    // The curtain folds back over itself: where it hangs is no function of the column.
    const wide = layeredNoise(along * 2.2 + seed, t * 0.045 + seed, 2) - 0.5;
    const fold = noise(along * 8.5 + seed + t * speed, t * 0.06) - 0.5;
    const turn = noise(along * 8.5 + seed + t * speed + 0.27, t * 0.06 + 0.4) - 0.5;
    const column = along * (HALF_WIDTH + 420) - 210 + 150 * wide + 118 * fold;
    if (column < 0 || column >= HALF_WIDTH - 1) continue;
    const foot = curtain.from + (curtain.to - curtain.from) * along + curtain.sway * wide * 2 + 26 * turn;
    const rays = 0.3 + 2.3 * layeredNoise(along * 64 + t * speed * 5, seed * 2 + t * 0.2, 2) ** 3;
    const breath = smoothstep(0.2, 0.68, noise(along * 3.4 - t * speed * 2.4, seed + t * 0.1));
    const height = curtain.height * (0.4 + 1.05 * noise(along * 15 + seed, t * 0.13));
    const strength = (1.1 * curtain.strength * rays * breath * HALF_WIDTH) / steps;
    if (strength < 0.003) continue;
    const [left, share] = [Math.floor(column), column % 1];
    for (let row = Math.max(0, Math.floor(foot - height * 2.2)); row < Math.min(HALF_HEIGHT, foot + 12); row += 1) {
      const up = (foot - row) / height;
      const profile = up < 0 ? Math.exp(up * height * 0.3) : Math.exp(-1.9 * up) * (1 - smoothstep(1.4, 2.2, up));
      const value = strength * profile;
      const paint = clamp(up * 0.8);
      const index = row * HALF_WIDTH + left;
      light.sum[index] += value * (1 - share);
      light.sum[index + 1] += value * share;
      light.hue[index] += value * (1 - share) * paint;
      light.hue[index + 1] += value * share * paint;
    }
  }
}

/** Blurs sideways a little, so that single rays melt into silk. */
function soften(plane, width, height) {
  const row = new Float32Array(width);
  for (let y = 0; y < height; y += 1) {
    row.set(plane.subarray(y * width, (y + 1) * width));
    for (let x = 2; x < width - 2; x += 1) {
      plane[y * width + x] = 0.12 * (row[x - 2] + row[x + 2]) + 0.24 * (row[x - 1] + row[x + 1]) + 0.28 * row[x];
    }
  }
}

/** A ridge: noise folded at its middle has crests instead of humps. */
function hillRow(x, seed, base, size, scale) {
  const ridge = 1 - Math.abs(2 * layeredNoise(x * scale + seed, seed, 2) - 1);
  return base - size * (0.75 * ridge ** 1.6 + 0.25 * layeredNoise(x * scale * 6 + seed, seed, 5));
}

function plantTrees(seed, count) {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const side = next() < 0.5 ? next() ** 1.8 * 0.34 : 1 - next() ** 1.8 * 0.3;
    const edge = Math.abs(side - 0.5) * 2;
    return { x: side * WIDTH, height: (18 + 62 * edge ** 3) * (0.6 + 0.6 * next()), lean: (next() - 0.5) * 0.08 };
  });
}

/** How much of each pixel near the shore is tree. */
function treeMask() {
  const mask = new Float32Array(WIDTH * SHORE);
  for (const tree of plantTrees(5, 190)) {
    for (let up = 0; up < tree.height; up += 1) {
      const row = Math.round(SHORE - 1 - up);
      const share = up / tree.height;
      const branch = 1 - 0.45 * ((share * tree.height * 0.19) % 1);
      const half = Math.max(0.5, tree.height * 0.17 * (1 - share) * branch);
      const middle = tree.x + tree.lean * up;
      for (let x = Math.floor(middle - half - 1); x <= middle + half + 1; x += 1) {
        if (x < 0 || x >= WIDTH || row < 0) continue;
        const cover = clamp(half - Math.abs(x - middle) + 0.5);
        mask[row * WIDTH + x] = Math.max(mask[row * WIDTH + x], cover);
      }
    }
  }
  return mask;
}

function painter() {
  const next = random(42);
  const stars = Array.from({ length: 620 }, () => ({
    x: next() * WIDTH,
    y: next() ** 1.4 * SHORE * 0.82,
    size: 0.25 + 0.75 * next() ** 5,
    phase: next() * 6.28,
  }));
  const farHills = Float32Array.from({ length: WIDTH }, (_, x) => hillRow(x, 4.4, 520, 190, 0.0042) + 8);
  const nearHills = Float32Array.from({ length: WIDTH }, (_, x) => hillRow(x, 9.2, 524, 92, 0.0031) + 14);
  const trees = treeMask();
  const light = { sum: new Float32Array(HALF_WIDTH * HALF_HEIGHT), hue: new Float32Array(HALF_WIDTH * HALF_HEIGHT) };

  return (picture, t) => {
    light.sum.fill(0);
    light.hue.fill(0);
    for (const curtain of CURTAINS) paintCurtain(light, curtain, t + 40);
    soften(light.sum, HALF_WIDTH, HALF_HEIGHT);
    soften(light.hue, HALF_WIDTH, HALF_HEIGHT);

    for (let row = 0; row < SHORE; row += 1) {
      const sky = gradient(SKY, (row / SHORE) ** 1.2);
      for (let column = 0; column < WIDTH; column += 1) picture.set(row * WIDTH + column, sky);
    }
    for (const star of stars) {
      const twinkle = star.size * (0.75 + 0.25 * Math.sin(t * 1.7 + star.phase));
      picture.glow(star.x, star.y, 1.3 + star.size * 1.4, [0.85, 0.93, 1], twinkle);
    }
    shootingStar(picture, t);
    paintSky(picture, light, { farHills, nearHills, trees });
    paintLake(picture, t);
  };
}

function shootingStar(picture, t) {
  const age = t - 17.5;
  if (age < 0 || age > 1.1) return;
  for (let step = 0; step < 60; step += 1) {
    const place = age - step * 0.004;
    if (place < 0) continue;
    const strength = 0.5 * (1 - step / 60) * Math.sin(Math.PI * clamp(age / 1.1));
    picture.glow(860 + place * 260, 60 + place * 105, 2.2, [1, 1, 0.95], strength);
  }
}

function paintSky(picture, light, { farHills, nearHills, trees }) {
  for (let row = 0; row < SHORE; row += 1) {
    const y = Math.min(HALF_HEIGHT - 1.001, row / 2);
    const [top, fy] = [Math.floor(y), y % 1];
    const mist = 0.5 * smoothstep(400, SHORE, row);
    for (let column = 0; column < WIDTH; column += 1) {
      const x = Math.min(HALF_WIDTH - 1.001, column / 2);
      const index = top * HALF_WIDTH + Math.floor(x);
      const fx = x % 1;
      const sample = (plane) =>
        mix(mix(plane[index], plane[index + 1], fx), mix(plane[index + HALF_WIDTH], plane[index + HALF_WIDTH + 1], fx), fy);
      const at = row * WIDTH + column;
      const strength = top + 1 < HALF_HEIGHT ? sample(light.sum) : light.sum[index];
      if (strength > 0.001) {
        const hue = (top + 1 < HALF_HEIGHT ? sample(light.hue) : light.hue[index]) / strength;
        // Bright light saturates softly instead of clipping.
        picture.add(at, gradient(LIGHTS, hue), 1 - Math.exp(-0.8 * strength));
      }
      const far = clamp(row - farHills[column] + 0.5);
      if (far > 0) picture.cover(at, [mix(FAR_HILLS[0], MIST[0], mist), mix(FAR_HILLS[1], MIST[1], mist), mix(FAR_HILLS[2], MIST[2], mist)], far);
      const near = clamp(row - nearHills[column] + 0.5);
      if (near > 0) picture.cover(at, NEAR_HILLS, near);
      if (trees[at] > 0) picture.cover(at, TREES, trees[at]);
    }
  }
}

/** The lake mirrors what stands above it, broken by ripples that grow towards the viewer. */
function paintLake(picture, t) {
  for (let row = SHORE; row < HEIGHT; row += 1) {
    const depth = (row - SHORE) / (HEIGHT - SHORE);
    const distance = 1 / (0.06 + depth);
    const dim = mix(0.8, 0.42, depth);
    for (let column = 0; column < WIDTH; column += 1) {
      const ripple = noise(column * 0.011 * distance ** 0.5 + t * 0.25, row * 0.09 * distance ** 0.6 - t * 0.9) - 0.5;
      const fine = noise(column * 0.03 - t * 0.4, row * 0.35 * distance ** 0.4 + t * 1.3) - 0.5;
      const shift = (ripple * 26 + fine * 9) * (0.08 + depth);
      const mirrored = clamp(Math.round(SHORE - 1 - (row - SHORE) * 1.75 + shift), 0, SHORE - 1);
      const sideways = clamp(Math.round(column + shift * 0.25), 0, WIDTH - 1);
      const [from, to] = [mirrored * WIDTH + sideways, row * WIDTH + column];
      picture.red[to] = picture.red[from] * dim + 0.006;
      picture.green[to] = picture.green[from] * dim + 0.014;
      picture.blue[to] = picture.blue[from] * dim + 0.03;
    }
  }
}

function music() {
  const sound = new Sound(LENGTH_S);
  const chords = [
    ["D3", "A3", "D4", "F#4", "C#5"],
    ["B2", "F#3", "B3", "D4", "A4"],
    ["G2", "D3", "G3", "B3", "F#4"],
    ["A2", "E3", "A3", "C#4", "B4"],
  ];
  for (let bar = 0; bar < 6; bar += 1) {
    for (const name of chords[bar % 4]) sound.pad(name, bar * 5 - 0.6 + (bar === 0 ? 0.6 : 0), 7.4, 0.2);
  }
  const bells = [[1.4, "F#5"], [3.1, "A5"], [5.9, "D5"], [8.3, "B5"], [9.6, "A5"], [11.9, "F#5"], [14.2, "D6"], [16.7, "E5"], [17.8, "C#6"],
    [20.6, "A5"], [22.1, "F#5"], [23.4, "D5"], [26.0, "B5"], [27.3, "F#5"]];
  for (const [start_s, name] of bells) sound.bell(name, start_s, 0.075, Math.sin(start_s * 2.1) * 0.6);
  sound.surf(0.05, 9);
  sound.hall(0.6, 0.88);
  return sound;
}

export const scene = { title: "Northern lights", length_s: LENGTH_S, quality: 25, painter, music };
