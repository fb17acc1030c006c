// Paper sea: waves cut from paper, a paper boat, and a sun that goes down.

import { HEIGHT, WIDTH, clamp, colour, gradient, layeredNoise, mixColours, noise, random, smoothstep } from "./picture.js";
import { Sound } from "./sound.js";

const LENGTH_S = 28;

// Each list is one thing's colour from afternoon to dusk.
const SKY = ["#f9dcb8", "#f7b48a", "#d97f86", "#7d5a8c"].map(colour);
const SUN = ["#fff4d6", "#ffd892", "#ff9d6b", "#f26d6d"].map(colour);
const HALOS = ["#fbe6c6", "#f9c59a", "#e58f88", "#8f6593"].map(colour);
const CLOUDS = ["#fff6e6", "#ffe0c2", "#f3a9a0", "#a57ba6"].map(colour);
const WAVES = [
  ["#f0a889", "#e58c7c", "#b9647b", "#5f4a80"],
  ["#e2877a", "#d46c74", "#9d5177", "#4f3f75"],
  ["#8fb8b0", "#6f9fa8", "#5f6f9a", "#40386b"],
  ["#4f9aa0", "#3f8496", "#3f5c8a", "#2f3160"],
  ["#2f7f8e", "#28697f", "#2a4a76", "#232a54"],
  ["#1f6178", "#1c5069", "#1e3a60", "#1a2247"],
  ["#17495f", "#153d54", "#152c4b", "#121938"],
].map((colours) => colours.map(colour));

const waveRow = (layer, x, t) => {
  const near = layer / (WAVES.length - 1);
  const length = 210 + 190 * near;
  const speed = (layer % 2 === 0 ? 1 : -1) * (0.22 + 0.16 * near);
  const swell = Math.sin(x / length + t * speed * 2 + layer * 1.9) + 0.45 * Math.sin(x / (length * 0.47) - t * speed * 1.4 + layer * 4.1);
  return 356 + layer * 53 + 5 * Math.sin(t * 0.7 + layer * 1.3) + (9 + 9 * near) * swell;
};

/** Paper has fibres: a still, faint unevenness. */
const grain = (() => {
  const next = random(8);
  return Float32Array.from({ length: WIDTH * HEIGHT }, (_, index) => {
    const [x, y] = [index % WIDTH, Math.floor(index / WIDTH)];
    return 0.022 * (layeredNoise(x * 0.035, y * 0.05, 3) - 0.5) + 0.02 * (noise(x * 0.35, y * 0.6) - 0.5) + 0.006 * (next() - 0.5);
  });
})();

const CLOUD_SHAPES = [
  { x: 250, y: 128, speed: 7, bumps: [[-92, 16, 34], [-44, -6, 46], [14, -16, 54], [72, 2, 40], [112, 18, 28]] },
  { x: 1010, y: 88, speed: 5, bumps: [[-70, 4, 28], [-30, -8, 40], [22, -4, 44], [70, 4, 28]] },
  { x: 640, y: 232, speed: 10, bumps: [[-50, 4, 24], [-14, -6, 34], [30, 0, 30], [58, 6, 22]] },
];

/** Distance to a cloud: round bumps on a flat foot; negative inside. */
function cloudDistance(cloud, x, y, t) {
  const middle = cloud.x + cloud.speed * t;
  let nearest = Infinity;
  for (const [dx, dy, radius] of cloud.bumps) nearest = Math.min(nearest, Math.hypot(x - middle - dx, y - cloud.y - dy) - radius);
  return Math.max(nearest, y - cloud.y - 18);
}

// The boat, in units of its own: hull, and a sail folded from one sheet.
const HULL = [[-62, -8], [62, -8], [40, 22], [-40, 22]];
const SAIL_LIGHT = [[-4, -84], [-4, -12], [-46, -12]];
const SAIL_SHADE = [[4, -84], [48, -12], [4, -12]];

/** Signed distance to a convex polygon given clockwise on the screen; negative inside. */
function polygonDistance(points, x, y) {
  let [inside, nearest] = [true, Infinity];
  for (let index = 0; index < points.length; index += 1) {
    const [ax, ay] = points[index];
    const [bx, by] = points[(index + 1) % points.length];
    const [ex, ey] = [bx - ax, by - ay];
    const along = clamp(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey));
    nearest = Math.min(nearest, Math.hypot(x - ax - ex * along, y - ay - ey * along));
    if (ex * (y - ay) - ey * (x - ax) < 0) inside = false;
  }
  return inside ? -nearest : nearest;
}

const clockwise = (points) => {
  const area = points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return area > 0 ? points : [...points].reverse();
};
const BOAT = [
  { points: clockwise(SAIL_SHADE), tone: 0.86 },
  { points: clockwise(SAIL_LIGHT), tone: 1 },
  { points: clockwise(HULL), tone: 0.94 },
];

const BOAT_LAYER = 3;

function paintBoat(picture, t, day) {
  const x = 330 + 21 * t;
  const slope = (waveRow(BOAT_LAYER, x + 40, t) - waveRow(BOAT_LAYER, x - 40, t)) / 80;
  const y = waveRow(BOAT_LAYER, x, t) - 6;
  const [cosine, sine] = [Math.cos(slope * 0.8), Math.sin(slope * 0.8)];
  const paper = gradient(["#fffaf0", "#fff0dc", "#f6d6cc", "#c9b3cf"].map(colour), day);
  for (const { points, tone } of BOAT) {
    for (let row = Math.max(0, Math.floor(y - 110)); row < Math.min(HEIGHT, y + 50); row += 1) {
      for (let column = Math.max(0, Math.floor(x - 100)); column < Math.min(WIDTH, x + 100); column += 1) {
        const [dx, dy] = [column - x, row - y];
        const distance = polygonDistance(points, dx * cosine + dy * sine, dy * cosine - dx * sine);
        const index = row * WIDTH + column;
        if (distance > 0.5 && distance < 14) picture.cover(index, [0.1, 0.08, 0.16], 0.018 * (1 - distance / 14) * 6 * 0.5);
        const share = clamp(0.5 - distance);
        if (share > 0) picture.cover(index, paper.map((part) => part * tone), share);
      }
    }
  }
  const lamp = smoothstep(0.62, 0.9, day);
  if (lamp > 0) {
    picture.glow(x - 6, y - 16, 120, [1, 0.72, 0.35], 0.3 * lamp);
    picture.glow(x - 6, y - 16, 16, [1, 0.86, 0.6], 0.9 * lamp);
  }
}

function paintSky(picture, t, day) {
  const sunRow = 150 + 260 * day ** 1.15;
  const [sky, sun, halo, cloudPaper] = [SKY, SUN, HALOS, CLOUDS].map((stops) => gradient(stops, day));
  for (let row = 0; row < 470; row += 1) {
    for (let column = 0; column < WIDTH; column += 1) {
      const index = row * WIDTH + column;
      picture.set(index, sky);
      const distance = Math.hypot(column - 820, row - sunRow);
      // Three sheets with round holes, each throwing its shadow on the one behind.
      for (const [radius, share] of [[330, 0.35], [225, 0.7], [140, 1]]) {
        const edge = radius + 3 * Math.sin(t * 0.5 + radius);
        picture.cover(index, [0.35, 0.16, 0.2], 0.14 * Math.exp(-(((distance - edge) / 9) ** 2)) * (distance > edge ? 0.6 : 0));
        picture.cover(index, mixColours(sky, halo, share), clamp(edge - distance + 0.5));
      }
      picture.cover(index, sun, clamp(84 - distance + 0.5));
      for (const cloud of CLOUD_SHAPES) {
        if (Math.abs(row - cloud.y) > 110) continue;
        const shadow = cloudDistance(cloud, column - 5, row - 9, t);
        if (shadow < 12) picture.cover(index, [0.35, 0.18, 0.25], 0.16 * clamp((12 - shadow) / 16));
        const share = clamp(0.5 - cloudDistance(cloud, column, row, t));
        if (share > 0) picture.cover(index, cloudPaper, share);
      }
    }
  }
}

/** One sheet of the sea from its `edge` down to where the `next` sheet hides it, and its shadow. */
function paintWave(picture, paper, edge, next) {
  const shade = [0.05, 0.04, 0.12];
  for (let column = 0; column < WIDTH; column += 1) {
    const top = edge[column];
    const bottom = next ? Math.min(HEIGHT, Math.max(top, next[column]) + 2) : HEIGHT;
    for (let row = Math.max(0, Math.floor(top - 26)); row < bottom; row += 1) {
      const index = row * WIDTH + column;
      const below = row - top;
      // The shadow falls on what lies behind the sheet, just above its edge.
      if (below < 0.5) picture.cover(index, shade, 0.3 * Math.exp(below / 8));
      if (below > -0.5) {
        const light = 0.1 * Math.exp(-Math.max(0, below) / 1.6);
        const depth = 1.02 - 0.0006 * below;
        picture.cover(index, [paper[0] * depth + light, paper[1] * depth + light, paper[2] * depth + light], clamp(below + 0.5));
      }
    }
  }
}

function painter() {
  return (picture, t) => {
    const day = clamp(t / LENGTH_S) ** 1.1;
    paintSky(picture, t, day);
    const edges = WAVES.map((_, layer) => Float32Array.from({ length: WIDTH }, (__, column) => waveRow(layer, column, t)));
    for (let layer = 0; layer < WAVES.length; layer += 1) {
      paintWave(picture, gradient(WAVES[layer], day), edges[layer], edges[layer + 1]);
      if (layer === BOAT_LAYER - 1) paintBoat(picture, t, day);
    }
    for (let index = 0; index < WIDTH * HEIGHT; index += 1) {
      picture.red[index] += grain[index];
      picture.green[index] += grain[index];
      picture.blue[index] += grain[index];
    }
  };
}

function music() {
  const sound = new Sound(LENGTH_S);
  const beat_s = 0.42;
  const bars = [
    ["F3", "C4", "F4", "A4", "C5", "A4", "G4", "C4"],
    ["D3", "A3", "D4", "F4", "A4", "F4", "E4", "A3"],
    ["Bb2", "F3", "Bb3", "D4", "F4", "D4", "C4", "F3"],
    ["C3", "G3", "C4", "E4", "G4", "E4", "D4", "G3"],
  ];
  const tune = [[0, "C5"], [3, "A5"], [5, "G5"], [8, "F5"], [11, "A5"], [13, "E5"], [16, "D5"], [19, "F5"], [21, "C5"], [24, "E5"], [27, "G5"], [29, "D5"]];
  for (let bar = 0; bar < 8; bar += 1) {
    bars[bar % 4].forEach((name, step) => sound.pluck(name, (bar * 8 + step) * beat_s + 0.1, step === 0 ? 0.3 : 0.19, (step % 4) * 0.3 - 0.45));
    sound.pad(bars[bar % 4][2], bar * 8 * beat_s, 8 * beat_s + 1.2, 0.09);
    sound.pad(bars[bar % 4][3], bar * 8 * beat_s, 8 * beat_s + 1.2, 0.07);
  }
  for (const round of [0, 32]) {
    for (const [step, name] of tune) sound.bell(name, (round + step) * beat_s + 0.1, 0.055, round ? 0.35 : -0.35);
  }
  sound.surf(0.2, 7);
  sound.hall(0.38, 0.82);
  return sound;
}

export const scene = { title: "Paper sea", length_s: LENGTH_S, quality: 25, painter, music };
