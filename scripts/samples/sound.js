// A small synthesiser: soft voices, a hall, and a buffer of stereo samples.

import { random } from "./picture.js";

export const SAMPLES_PER_S = 48000;

const TAU = 2 * Math.PI;
const LETTERS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

/** "A4" is 440 Hz; "C#3" and "Eb5" work as well. */
export function pitch(name) {
  const [, letter, accidental, octave] = /^([A-G])([#b]?)(\d)$/.exec(name);
  const bend = { "": 0, "#": 1, b: -1 }[accidental];
  return 440 * 2 ** ((LETTERS[letter] + bend + 12 * (Number(octave) + 1) - 69) / 12);
}

export class Sound {
  constructor(length_s) {
    this.length_s = length_s;
    const samples = Math.round(length_s * SAMPLES_PER_S);
    this.left = new Float32Array(samples);
    this.right = new Float32Array(samples);
  }

  /** Mixes `voice(seconds since its start)` in, panned −1 (left) … 1 (right). */
  mixIn(start_s, length_s, pan, voice) {
    const from = Math.round(start_s * SAMPLES_PER_S);
    const to = Math.min(this.left.length, from + Math.round(length_s * SAMPLES_PER_S));
    const [gainLeft, gainRight] = [Math.cos((pan + 1) * (Math.PI / 4)), Math.sin((pan + 1) * (Math.PI / 4))];
    for (let index = from; index < to; index += 1) {
      const value = voice((index - from) / SAMPLES_PER_S);
      this.left[index] += value * gainLeft;
      this.right[index] += value * gainRight;
    }
  }

  /** A choir of slightly detuned soft voices that swells and dies away. */
  pad(name, start_s, length_s, level) {
    const base = pitch(name);
    for (const [detune, pan] of [[-0.0031, -0.7], [0.0007, 0], [0.0034, 0.7]]) {
      const hertz = base * (1 + detune);
      this.mixIn(start_s, length_s, pan, (t) => {
        const swell = Math.sin(Math.PI * Math.min(1, t / length_s)) ** 0.8;
        const colour = 0.35 + 0.15 * Math.sin(TAU * 0.13 * (t + start_s) + pan);
        const phase = TAU * hertz * t;
        const wave = Math.sin(phase) + colour * 0.5 * Math.sin(2 * phase) + colour * 0.22 * Math.sin(3 * phase) +
          colour * 0.08 * Math.sin(5 * phase);
        return level * 0.33 * swell * wave;
      });
    }
  }

  /** A struck bell: partials that are no harmonics, the high ones dying first. */
  bell(name, start_s, level, pan = 0) {
    const hertz = pitch(name);
    const partials = [[0.5, 0.25, 1.6], [1, 1, 1.3], [2.003, 0.45, 0.9], [3.01, 0.2, 0.5], [4.17, 0.12, 0.28], [5.43, 0.07, 0.18]];
    this.mixIn(start_s, 5, pan, (t) => {
      let sum = 0;
      for (const [ratio, weight, decay_s] of partials) sum += weight * Math.sin(TAU * hertz * ratio * t) * Math.exp(-t / decay_s);
      return level * sum * Math.min(1, t / 0.004) * 0.5;
    });
  }

  /** A plucked string (harp, kalimba): quick, warm, short. */
  pluck(name, start_s, level, pan = 0) {
    const hertz = pitch(name);
    const decay_s = Math.min(1.6, 220 / hertz + 0.35);
    this.mixIn(start_s, 4, pan, (t) => {
      const phase = TAU * hertz * t;
      const body = Math.exp(-t / decay_s);
      const bright = Math.exp(-t / (decay_s * 0.22));
      const wave = Math.sin(phase) + 0.4 * bright * Math.sin(2 * phase) + 0.25 * bright * Math.sin(3 * phase) +
        0.1 * bright * Math.sin(4.01 * phase);
      return level * body * wave * Math.min(1, t / 0.003);
    });
  }

  /** An electric piano: a tine that modulates a sine, with a slow tremolo from side to side. */
  piano(name, start_s, length_s, level, pan = 0) {
    const hertz = pitch(name);
    this.mixIn(start_s, length_s + 0.6, pan, (t) => {
      const release = t < length_s ? 1 : Math.exp(-(t - length_s) / 0.12);
      const tine = 1.1 * Math.exp(-t / 0.5) * Math.sin(TAU * hertz * t) + 0.14 * Math.exp(-t / 0.08) * Math.sin(TAU * hertz * 14 * t);
      const tremolo = 1 - 0.12 * (0.5 + 0.5 * Math.sin(TAU * 4.4 * (t + start_s) + pan * 2));
      return level * tremolo * release * Math.exp(-t / 2.6) * Math.sin(TAU * hertz * t + tine) * Math.min(1, t / 0.004);
    });
  }

  /** A round bass note. */
  bass(name, start_s, length_s, level) {
    const hertz = pitch(name);
    this.mixIn(start_s, length_s, 0, (t) => {
      const shape = Math.min(1, t / 0.012) * Math.exp(-t / 1.4) * Math.min(1, (length_s - t) / 0.08);
      return level * shape * (Math.sin(TAU * hertz * t) + 0.28 * Math.sin(2 * TAU * hertz * t) * Math.exp(-t / 0.4));
    });
  }

  /** A brush on a drum, or a breath: soft noise. */
  brush(start_s, length_s, level, pan = 0) {
    const next = random(Math.round(start_s * 1000) + 7);
    let [low, band] = [0, 0];
    this.mixIn(start_s, length_s, pan, (t) => {
      low += 0.32 * (next() - 0.5 - low);
      band += 0.06 * (low - band);
      return level * (low - band) * Math.min(1, t / 0.006) * Math.exp((-4 * t) / length_s);
    });
  }

  /** Waves on a shore, or wind: noise whose loudness and colour breathe. */
  surf(level, period_s) {
    const next = random(99);
    const states = [0, 0];
    for (const [side, samples] of [this.left, this.right].entries()) {
      for (let index = 0; index < samples.length; index += 1) {
        const t = index / SAMPLES_PER_S;
        const breath = 0.5 - 0.5 * Math.cos((TAU * t) / period_s + side * 0.5);
        states[side] += (0.02 + 0.07 * breath) * (next() - 0.5 - states[side]);
        samples[index] += level * (0.25 + breath * breath) * states[side];
      }
    }
  }

  /** The hall the music is played in: eight combs and four all-passes a side (Freeverb). */
  hall(share, decay = 0.84) {
    const combs = [1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617];
    const passes = [556, 441, 341, 225];
    const scale = SAMPLES_PER_S / 44100;
    for (const [side, samples] of [this.left, this.right].entries()) {
      const spread = side * 23;
      const lines = combs.map((length) => ({ line: new Float32Array(Math.round((length + spread) * scale)), at: 0, low: 0 }));
      const rooms = passes.map((length) => ({ line: new Float32Array(Math.round((length + spread) * scale)), at: 0 }));
      for (let index = 0; index < samples.length; index += 1) {
        let wet = 0;
        for (const comb of lines) {
          const out = comb.line[comb.at];
          comb.low = out * 0.72 + comb.low * 0.28;
          comb.line[comb.at] = samples[index] * 0.03 + comb.low * decay;
          comb.at = (comb.at + 1) % comb.line.length;
          wet += out;
        }
        for (const room of rooms) {
          const held = room.line[room.at];
          room.line[room.at] = wet + held * 0.5;
          wet = held - wet * 0.5;
          room.at = (room.at + 1) % room.line.length;
        }
        samples[index] = samples[index] * (1 - share * 0.5) + wet * share * 3;
      }
    }
  }

  /** Silence at both ends, reached slowly. */
  fadeEnds(in_s, out_s) {
    for (const samples of [this.left, this.right]) {
      for (let index = 0; index < samples.length; index += 1) {
        const t = index / SAMPLES_PER_S;
        const level = Math.min(1, t / in_s, (this.length_s - t) / out_s);
        samples[index] *= Math.sin((Math.max(0, level) * Math.PI) / 2) ** 2;
      }
    }
  }

  /** Interleaved 32-bit floats, peaks at −3 dB. */
  toBytes() {
    let peak = 1e-9;
    for (const samples of [this.left, this.right]) for (const value of samples) peak = Math.max(peak, Math.abs(value));
    const interleaved = new Float32Array(this.left.length * 2);
    for (let index = 0; index < this.left.length; index += 1) {
      interleaved[2 * index] = (this.left[index] / peak) * 0.7;
      interleaved[2 * index + 1] = (this.right[index] / peak) * 0.7;
    }
    return Buffer.from(interleaved.buffer);
  }
}
