// City after dark: windows go on and off, a train crosses the bridge, the river mirrors it all.

import { HEIGHT, WIDTH, clamp, colour, gradient, layeredNoise, mix, mixColours, noise, random, smoothstep } from "./picture.js";
import { Sound } from "./sound.js";

const LENGTH_S = 30;
const NEVER_S = 1e9;
const QUAY = 545; // row where the river begins
const SKY = ["#0b1030", "#1b1c4e", "#3d2b66", "#7a3f71", "#c8686f", "#f0a070"].map(colour);
const WARM = ["#ffd08a", "#ffb866", "#ffe2b0", "#ff9f5a"].map(colour);
const COOL = ["#a9d4ff", "#d5ecff"].map(colour);
const MOON = { x: 985, y: 128, radius: 44 };

const LAYERS = [
  { seed: 1, base: QUAY, low: 70, high: 190, width: [34, 78], paint: colour("#53406f"), speed: 1.6, lit: 0.16, dim: 0.5, window: [3, 4, 7, 9] },
  { seed: 2, base: QUAY, low: 90, high: 265, width: [44, 100], paint: colour("#2f2a55"), speed: 3.6, lit: 0.3, dim: 0.75, window: [4, 5, 9, 12] },
  { seed: 3, base: QUAY, low: 50, high: 210, width: [64, 140], paint: colour("#15152f"), speed: 7, lit: 0.36, dim: 1, window: [6, 8, 13, 17] },
];

/** One row of houses, wider than the picture by what it moves, with its windows. */
function buildLayer(layer) {
  const next = random(layer.seed * 77);
  const width = WIDTH + Math.ceil(layer.speed * LENGTH_S) + 4;
  const tops = new Float32Array(width).fill(layer.base);
  const [windows, beacons] = [[], []];
  let x = -10;
  while (x < width) {
    const house = Math.round(mix(layer.width[0], layer.width[1], next()));
    const height = mix(layer.low, layer.high, next() ** 1.7);
    const top = Math.round(layer.base - height);
    paintRoof(tops, x, house, top, next);
    if (height > layer.high * 0.72) beacons.push({ x: x + Math.round(house / 2), y: top - 22 });
    hangWindows(windows, { x, house, top }, layer, next);
    x += house + (next() < 0.3 ? Math.round(next() * 10) : 0);
  }
  return { ...layer, tops, windows, beacons };
}

function paintRoof(tops, x, house, top, next) {
  const kind = next();
  const middle = x + Math.round(house / 2);
  for (let column = Math.max(0, x); column < Math.min(tops.length, x + house); column += 1) {
    const side = Math.abs(column - middle) / (house / 2);
    let roof = top;
    if (kind < 0.2) roof = top + 26 * side; // a gable
    else if (kind < 0.4) roof = side < 0.6 ? top : top + 18; // a set-back
    else if (kind < 0.5) roof = top + 16 * side * side; // a dome
    tops[column] = Math.min(tops[column], roof);
  }
  if (kind > 0.62 && middle > 2 && middle < tops.length - 2) {
    const mast = top - 10 - 12 * next();
    for (let column = middle; column < middle + 2; column += 1) tops[column] = Math.min(tops[column], mast);
  }
}

function hangWindows(windows, { x, house, top }, layer, next) {
  const [wide, tall, stepX, stepY] = layer.window;
  const columns = Math.floor((house - 8) / stepX);
  const left = x + Math.round((house - columns * stepX + (stepX - wide)) / 2);
  const paints = next() < 0.78 ? WARM : COOL;
  const habit = layer.lit * (0.4 + 1.2 * next());
  for (let y = top + 30; y < layer.base - tall - 4; y += stepY) {
    for (let column = 0; column < columns; column += 1) {
      const awake = next() < habit;
      // Most windows stay as they are; some people come home, some go to bed.
      const change_s = next() < 0.3 ? 2 + next() * (LENGTH_S - 4) : NEVER_S;
      const paint = paints[Math.floor(next() * paints.length)];
      if (awake || (change_s < NEVER_S && next() < 0.5)) {
        windows.push({ x: left + column * stepX, y, wide, tall, paint, awake, change_s, strength: 0.55 + 0.45 * next() });
      }
    }
  }
}

function paintLayer(picture, layer, t) {
  const shift = layer.speed * t;
  const haze = colour("#a05a70");
  for (let column = 0; column < WIDTH; column += 1) {
    const place = column + shift;
    const [left, share] = [Math.floor(place), place % 1];
    const [topA, topB] = [layer.tops[left], layer.tops[left + 1]];
    const first = Math.floor(Math.min(topA, topB));
    for (let row = Math.max(0, first); row < QUAY; row += 1) {
      const cover = clamp(row - topA + 0.5) * (1 - share) + clamp(row - topB + 0.5) * share;
      const low = 0.34 * (1 - layer.dim * 0.8) * smoothstep(QUAY - 260, QUAY, row);
      if (cover > 0) picture.cover(row * WIDTH + column, mixColours(layer.paint, haze, low), cover);
    }
  }
  for (const window of layer.windows) paintWindow(picture, window, layer, t, shift);
  for (const beacon of layer.beacons) {
    const pulse = Math.max(0, Math.sin(t * 2.1 + beacon.x)) ** 6;
    picture.glow(beacon.x - shift, beacon.y + 20, 9, [1, 0.22, 0.2], (0.25 + 0.75 * pulse) * layer.dim);
  }
}

function paintWindow(picture, window, layer, t, shift) {
  const change = smoothstep(window.change_s, window.change_s + 0.5, t);
  const on = window.awake ? 1 - change : change;
  const x = window.x - shift;
  if (on <= 0 || x < -20 || x > WIDTH + 4) return;
  const strength = on * window.strength * layer.dim;
  for (let row = window.y; row < window.y + window.tall; row += 1) {
    for (let column = Math.floor(x); column <= x + window.wide; column += 1) {
      if (column < 0 || column >= WIDTH) continue;
      const cover = clamp(Math.min(column + 1, x + window.wide) - Math.max(column, x));
      picture.cover(row * WIDTH + column, window.paint, strength * cover);
    }
  }
}

const BRIDGE = 512;

function paintBridge(picture, t) {
  const steel = colour("#0c0c1f");
  for (let column = 0; column < WIDTH; column += 1) {
    const inArch = ((column + 60) % 320) / 320;
    const arch = BRIDGE + 12 + 34 * (2 * inArch - 1) ** 6 + 5 * (2 * inArch - 1) ** 2;
    for (let row = BRIDGE; row < QUAY + 6; row += 1) {
      if (row < arch || Math.abs(inArch - 0.5) > 0.475) picture.set(row * WIDTH + column, steel);
    }
    for (let row = BRIDGE - 7; row < BRIDGE; row += 1) {
      if (row === BRIDGE - 7 || column % 18 < 2) picture.cover(row * WIDTH + column, steel, 0.85);
    }
  }
  paintTrain(picture, t);
  for (let lamp = 0; lamp < 9; lamp += 1) {
    const x = 20 + lamp * 160;
    for (let row = BRIDGE - 30; row < BRIDGE; row += 1) picture.cover(row * WIDTH + x, steel, 0.9);
    picture.glow(x, BRIDGE - 31, 26, [1, 0.75, 0.42], 0.5);
    picture.glow(x, BRIDGE - 31, 5, [1, 0.9, 0.7], 0.9);
  }
}

function paintTrain(picture, t) {
  const head = 1820 - 165 * (t - 7.5);
  const body = colour("#23233f");
  for (let column = Math.max(0, Math.floor(head)); column < Math.min(WIDTH, head + 620); column += 1) {
    const along = column - head;
    const inCar = along % 155;
    if (inCar > 150) continue;
    const nose = along < 26 ? 8 * (1 - along / 26) ** 2 : 0;
    for (let row = BRIDGE - 27; row < BRIDGE - 1; row += 1) {
      if (row < BRIDGE - 27 + nose) continue;
      const index = row * WIDTH + column;
      const pane = row > BRIDGE - 22 && row < BRIDGE - 12 && inCar > 8 && inCar % 20 > 3;
      picture.cover(index, pane ? [1, 0.87, 0.62] : body, clamp(column - head));
    }
  }
  if (head > -60 && head < WIDTH + 200) {
    picture.glow(head, BRIDGE - 10, 70, [1, 0.9, 0.7], 0.5);
    picture.glow(head, BRIDGE - 10, 8, [1, 1, 0.9], 1);
  }
}

function painter() {
  const next = random(12);
  const stars = Array.from({ length: 150 }, () => ({ x: next() * WIDTH, y: next() ** 1.5 * 260, size: next() ** 4, phase: next() * 6.3 }));
  const layers = LAYERS.map(buildLayer);
  return (picture, t) => {
    paintSky(picture, stars, t);
    for (const layer of layers) paintLayer(picture, layer, t);
    paintBridge(picture, t);
    paintRiver(picture, t);
  };
}

function paintSky(picture, stars, t) {
  for (let row = 0; row < QUAY; row += 1) {
    const sky = gradient(SKY, (row / QUAY) ** 1.5);
    for (let column = 0; column < WIDTH; column += 1) picture.set(row * WIDTH + column, sky);
  }
  for (const star of stars) {
    picture.glow(star.x, star.y, 1.6, [0.9, 0.92, 1], (0.25 + 0.6 * star.size) * (0.8 + 0.2 * Math.sin(t * 2 + star.phase)));
  }
  const { x, y, radius } = MOON;
  picture.glow(x, y, 300, [0.62, 0.5, 0.72], 0.34);
  for (let row = y - radius - 1; row <= y + radius + 1; row += 1) {
    for (let column = x - radius - 1; column <= x + radius + 1; column += 1) {
      const share = clamp(radius + 0.5 - Math.hypot(column - x, row - y));
      const seas = 0.86 + 0.16 * layeredNoise(column * 0.045, row * 0.045, 3);
      picture.cover(row * WIDTH + column, [1 * seas, 0.93 * seas, 0.8 * seas], share);
    }
  }
  for (let row = 60; row < 400; row += 1) {
    for (let column = 0; column < WIDTH; column += 1) {
      const cloud = layeredNoise(column * 0.0032 + t * 0.012, row * 0.014, 4);
      const share = 0.42 * smoothstep(0.5, 0.78, cloud) * smoothstep(60, 200, row);
      if (share > 0) picture.cover(row * WIDTH + column, mixColours(SKY[2], SKY[4], row / 400), share);
    }
  }
  const plane = 120 + t * 27;
  picture.glow(plane, 205 - t * 1.6, 3, [1, 1, 1], 0.7);
  picture.glow(plane - 7, 205 - t * 1.6, 5, [1, 0.2, 0.2], t % 1.2 < 0.12 ? 1 : 0);
}

/** The river mirrors the city, drawn out downwards and broken by small waves. */
function paintRiver(picture, t) {
  for (let row = QUAY; row < HEIGHT; row += 1) {
    const depth = (row - QUAY) / (HEIGHT - QUAY);
    const dim = mix(0.82, 0.5, depth);
    for (let column = 0; column < WIDTH; column += 1) {
      const wave = noise(column * 0.02 + t * 0.35, row * 0.22 / (0.25 + depth) - t * 1.1) - 0.5;
      const fine = noise(column * 0.07 - t * 0.8, row * 0.7 / (0.25 + depth) + t * 1.7) - 0.5;
      const mirrored = clamp(Math.round(QUAY - 1 - (row - QUAY) * 2.1 + (wave * 34 + fine * 18) * (0.12 + depth)), 0, QUAY - 1);
      const sideways = clamp(Math.round(column + (wave * 10 + fine * 5) * (0.2 + depth)), 0, WIDTH - 1);
      const [from, to] = [mirrored * WIDTH + sideways, row * WIDTH + column];
      picture.red[to] = picture.red[from] * dim + 0.012;
      picture.green[to] = picture.green[from] * dim + 0.014;
      picture.blue[to] = picture.blue[from] * dim * 1.06 + 0.04;
    }
  }
}

function music() {
  const sound = new Sound(LENGTH_S);
  const bar_s = 3.6;
  const bars = [
    ["D2", "F3", "A3", "C4", "E4"],
    ["G2", "F3", "A3", "B3", "E4"],
    ["C2", "E3", "G3", "B3", "D4"],
    ["A2", "G3", "C#4", "E4", "Bb3"],
  ];
  const tune = [[0.9, "A4"], [1.8, "C5"], [2.7, "E5"], [4.5, "D5"], [5.85, "B4"], [8.1, "G4"], [9.0, "B4"], [9.9, "D5"], [11.7, "E5"], [12.6, "C#5"],
    [15.3, "F5"], [16.2, "E5"], [17.1, "C5"], [18.9, "A4"], [20.2, "B4"], [22.5, "D5"], [23.4, "E5"], [24.3, "G5"], [26.1, "C#5"]];
  for (let bar = 0; bar < 8; bar += 1) {
    const start_s = 0.15 + bar * bar_s;
    const [root, ...upper] = bars[bar % 4];
    sound.bass(root, start_s, bar_s * 0.6, 0.34);
    sound.bass(root, start_s + bar_s * 0.625, bar_s * 0.35, 0.22);
    upper.forEach((name, index) => {
      sound.piano(name, start_s + index * 0.018, bar_s * 0.55, 0.15, index * 0.3 - 0.45);
      sound.piano(name, start_s + bar_s * 0.625 + index * 0.014, bar_s * 0.3, 0.1, index * 0.3 - 0.45);
    });
    for (let eighth = 0; eighth < 8; eighth += 1) {
      sound.brush(start_s + (eighth * bar_s) / 8 + (eighth % 2) * 0.05, 0.22, eighth % 4 === 2 ? 0.5 : 0.2, 0.3);
    }
  }
  for (const [start_s, name] of tune) sound.piano(name, start_s + 0.15, 1.3, 0.17, 0.2);
  sound.hall(0.3, 0.8);
  return sound;
}

export const scene = { title: "City after dark", length_s: LENGTH_S, quality: 27, painter, music };
