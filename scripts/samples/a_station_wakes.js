// A station wakes: the name of the station written in light, between the marks of a test card.

import { HEIGHT, WIDTH, clamp, colour, gradient, layeredNoise, mix, mixColours, random, smoothstep } from "./picture.js";
import { Sound } from "./sound.js";

const LENGTH_S = 20;
const FIELD = ["#120a2a", "#2a1450", "#5a1f63", "#a8365f", "#e9695a", "#f7a663"].map(colour);
const INK = colour("#fff4e4");
const LIVE = colour("#ff4d4d");
const CHIPS = ["#f4f1de", "#f2c14e", "#52c7c2", "#59c36a", "#c774e8", "#e4572e", "#3d5bd9"].map(colour);
const [MIDDLE_X, MIDDLE_Y] = [WIDTH / 2, 330];

// The word is drawn with one round pen: distances to its strokes, in pixels.
const PEN = 13;
const TALL = 96; // half the height of a capital

const segment = (x, y, [ax, ay, bx, by]) => {
  const [ex, ey] = [bx - ax, by - ay];
  const along = clamp(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey));
  return Math.hypot(x - ax - ex * along, y - ay - ey * along);
};

/** An arc over the upper half of a circle, from angle `from` to `to` (radians, counter-clockwise). */
function arc(x, y, [cx, cy, radius, from, to]) {
  const angle = Math.atan2(cy - y, x - cx);
  if (angle >= from && angle <= to) return Math.abs(Math.hypot(x - cx, y - cy) - radius);
  const end = (at) => Math.hypot(x - cx - radius * Math.cos(at), y - cy + radius * Math.sin(at));
  return Math.min(end(from), end(to));
}

const LETTERS = [
  { from: -372, strokes: [["ring", -276, 0, TALL]] },
  { from: -130, strokes: [["line", -118, -22, -118, TALL], ["arc", -66, 26, 52, 0, Math.PI], ["line", -14, 26, -14, TALL]] },
  { from: 50, strokes: [["line", 54, TALL, 132, -TALL], ["line", 132, -TALL, 210, TALL], ["line", 82, 34, 182, 34]] },
  { from: 262, strokes: [["line", 276, -22, 276, TALL]] },
  { from: 330, strokes: [["line", 340, -22, 340, TALL], ["arc", 396, 34, 56, 1.15, Math.PI]] },
];

function strokeDistance(x, y, [kind, ...numbers]) {
  if (kind === "ring") return Math.abs(Math.hypot(x - numbers[0], y - numbers[1]) - numbers[2]);
  return kind === "arc" ? arc(x, y, numbers) : segment(x, y, numbers);
}

/** For each pixel around the word: how far the nearest stroke of each letter is. */
function measureWord() {
  const left = MIDDLE_X - 440;
  const top = MIDDLE_Y - 160;
  const [width, height] = [900, 320];
  const distances = LETTERS.map(({ strokes }) => {
    const plane = new Float32Array(width * height);
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const [x, y] = [column + left - MIDDLE_X + 22, row + top - MIDDLE_Y];
        plane[row * width + column] = Math.min(...strokes.map((stroke) => strokeDistance(x, y, stroke)));
      }
    }
    return plane;
  });
  return { left, top, width, height, distances };
}

function paintField(picture, t) {
  for (let row = 0; row < HEIGHT; row += 1) {
    for (let column = 0; column < WIDTH; column += 4) {
      const drift = layeredNoise(column * 0.0016 + t * 0.03, row * 0.0022 - t * 0.045, 3) - 0.5;
      const dawn = 0.3 * smoothstep(0, LENGTH_S, t);
      const paint = gradient(FIELD, clamp((row / HEIGHT) ** 1.35 * (0.62 + dawn) + drift * 0.55 + dawn * 0.25));
      for (let step = 0; step < 4; step += 1) picture.set(row * WIDTH + column + step, paint);
    }
  }
}

/** Waves that leave the O, as from a mast. */
function paintWaves(picture, t) {
  const [x, y] = [MIDDLE_X - 298, MIDDLE_Y];
  for (let row = 0; row < HEIGHT; row += 1) {
    for (let column = 0; column < WIDTH; column += 1) {
      const distance = Math.hypot(column - x, row - y) - TALL;
      if (distance < 6) continue;
      const phase = (distance / 92 - t * 0.62) % 1;
      const crest = Math.exp(-(((phase + 1) % 1) - 0.5) * (((phase + 1) % 1) - 0.5) * 130);
      const reach = smoothstep(1.6, 5, t) * Math.exp(-distance / 420) * clamp(((t - 1.5) * 150 - distance) / 60);
      if (reach > 0.01) picture.add(row * WIDTH + column, [1, 0.72, 0.6], 0.16 * crest * reach);
    }
  }
}

function paintWord(picture, word, t) {
  const { left, top, width, height, distances } = word;
  distances.forEach((plane, letter) => {
    const shown = smoothstep(0.9 + letter * 0.28, 2.1 + letter * 0.28, t);
    if (shown <= 0) return;
    const [rise, pen] = [(1 - shown) * 14, PEN * mix(0.25, 1, shown)];
    for (let row = 0; row < height; row += 1) {
      const source = Math.round(row - rise);
      if (source < 0) continue;
      for (let column = 0; column < width; column += 1) {
        const distance = plane[source * width + column] - pen;
        if (distance > 60) continue;
        const index = (row + top) * WIDTH + column + left;
        if (distance > 0) picture.add(index, [1, 0.62, 0.5], 0.2 * shown * Math.exp(-distance / 15));
        const cover = clamp(0.5 - distance) * shown;
        if (cover > 0) picture.cover(index, INK, cover);
      }
    }
  });
  // The dot of the i is the lamp that says we are live.
  const lamp = smoothstep(2.9, 3.4, t) * (0.82 + 0.18 * Math.sin((t - 3) * 2.6));
  const [x, y] = [MIDDLE_X + 254, MIDDLE_Y - 74];
  if (lamp > 0) {
    picture.glow(x, y, 110, LIVE, 0.55 * lamp);
    disc(picture, x, y, 19, mixColours(LIVE, [1, 0.8, 0.75], 0.12 * lamp), Math.min(1, lamp * 1.3));
  }
}

function disc(picture, x, y, radius, paint, share) {
  for (let row = Math.floor(y - radius - 1); row <= y + radius + 1; row += 1) {
    for (let column = Math.floor(x - radius - 1); column <= x + radius + 1; column += 1) {
      picture.cover(row * WIDTH + column, paint, share * clamp(radius + 0.5 - Math.hypot(column - x, row - y)));
    }
  }
}

function box(picture, [left, top, right, bottom], radius, paint, share) {
  if (share <= 0) return;
  const [middleX, middleY] = [(left + right) / 2, (top + bottom) / 2];
  for (let row = Math.floor(top) - 1; row <= bottom + 1; row += 1) {
    for (let column = Math.floor(left) - 1; column <= right + 1; column += 1) {
      const dx = Math.max(0, Math.abs(column + 0.5 - middleX) - (right - left) / 2 + radius);
      const dy = Math.max(0, Math.abs(row + 0.5 - middleY) - (bottom - top) / 2 + radius);
      picture.cover(row * WIDTH + column, paint, share * clamp(radius - Math.hypot(dx, dy) + 0.5));
    }
  }
}

/** Colour chips and corner marks, as test cards had them; and a hand that counts the seconds. */
function paintCard(picture, t) {
  CHIPS.forEach((paint, index) => {
    const shown = smoothstep(3.8 + index * 0.14, 4.5 + index * 0.14, t);
    const left = MIDDLE_X - 322 + index * 92;
    const lit = 0.78 + 0.22 * Math.max(0, Math.sin(t * 1.6 - index * 0.75)) ** 4;
    box(picture, [left, 536 + (1 - shown) * 20, left + 76, 554 + (1 - shown) * 20], 9, paint, shown * lit);
  });
  const marks = smoothstep(3.4, 4.6, t) * 0.55;
  for (const [x, y, dx, dy] of [[64, 56, 1, 1], [WIDTH - 64, 56, -1, 1], [64, HEIGHT - 56, 1, -1], [WIDTH - 64, HEIGHT - 56, -1, -1]]) {
    box(picture, [Math.min(x, x + dx * 44), y - 1.5, Math.max(x, x + dx * 44), y + 1.5], 1.5, INK, marks);
    box(picture, [x - 1.5, Math.min(y, y + dy * 44), x + 1.5, Math.max(y, y + dy * 44)], 1.5, INK, marks);
  }
  const [left, right] = [MIDDLE_X - 322, MIDDLE_X + 306];
  box(picture, [left, 590, right, 593], 1.5, INK, marks * 0.45);
  box(picture, [left, 590, mix(left + 4, right, clamp(t / LENGTH_S)), 593], 1.5, INK, marks * 1.5);
}

function painter() {
  const word = measureWord();
  const next = random(3);
  const motes = Array.from({ length: 46 }, () => ({ x: next() * WIDTH, y: next() * HEIGHT, size: 1.5 + 4 * next() ** 3, speed: 4 + 12 * next(), phase: next() * 6.3 }));
  return (picture, t) => {
    paintField(picture, t);
    paintWaves(picture, t);
    for (const mote of motes) {
      const y = (((mote.y - mote.speed * t) % HEIGHT) + HEIGHT) % HEIGHT;
      picture.glow(mote.x + 12 * Math.sin(t * 0.5 + mote.phase), y, mote.size * 2, [1, 0.85, 0.7], 0.22 * (0.6 + 0.4 * Math.sin(t + mote.phase)));
    }
    paintWord(picture, word, t);
    paintCard(picture, t);
  };
}

function music() {
  const sound = new Sound(LENGTH_S);
  for (const [start_s, length_s, names] of [
    [0, 7, ["C3", "G3", "D4", "E4"]],
    [4.6, 7, ["A2", "E3", "C4", "G4"]],
    [9.4, 7, ["F2", "C3", "A3", "E4", "G4"]],
    [14, 6, ["C3", "G3", "C4", "E4", "D5"]],
  ]) for (const name of names) sound.pad(name, start_s, length_s, 0.16);
  // The station's call: five notes, one for each letter.
  ["G4", "C5", "D5", "E5", "G5"].forEach((name, index) => sound.bell(name, 1.1 + index * 0.28, 0.17, index * 0.35 - 0.7));
  ["G4", "C5", "D5", "E5", "G5"].forEach((name, index) => sound.bell(name, 14.2 + index * 0.34, 0.12, 0.7 - index * 0.35));
  const steps = ["C5", "E5", "G5", "D5", "A4", "C5", "E5", "G5", "F4", "A4", "C5", "E5"];
  for (let step = 0; step < 36; step += 1) {
    sound.pluck(steps[Math.floor(step / 12) * 4 + (step % 4)], 3.8 + step * 0.29, 0.085, Math.sin(step) * 0.6);
  }
  sound.hall(0.5, 0.86);
  return sound;
}

export const scene = { title: "A station wakes", length_s: LENGTH_S, quality: 22, painter, music };
