// The server is killed without a chance to tidy up, and started again.

import { Station } from "../../../tests/browser/support/station.js";
import { quantile } from "../analyse.js";
import { monotonicMs, Observer } from "../observer.js";
import { HOLD_MAX_MS, onStage, sleep } from "../stage.js";
import { lookAll, troublesOf } from "../together.js";
import { seekFigure, shiftFigure } from "./figures.js";

/** @import { Outcome, Wishes } from "../scenarios.js" */

const BEFORE_MS = 15_000;
const AFTERWARDS_MS = 20_000;

/** @param {Wishes} wishes @returns {Promise<Outcome>} */
export const restart = ({ stage: options }) =>
  onStage(options, async (stage) => {
    const { station, observer } = stage;
    if (!(station instanceof Station)) throw new Error("only a station of one's own can be killed");
    for (let entered = 0; entered < 2; entered += 1) await stage.enter();
    await sleep(BEFORE_MS);
    const atMs = monotonicMs();
    await station.kill();
    await station.boot();
    const awayMs = monotonicMs() - atMs;
    const reborn = await Observer.open(station.url, stage.clock.offset_ms);
    await sleep(AFTERWARDS_MS);
    reborn.close();
    const { fromMs, untilMs, shown, looks } = await lookAll(stage);
    const moved = reborn.airings.map(({ clip, from_ms }) =>
      Math.min(...observer.airings.filter((airing) => airing.clip === clip).map((airing) => Math.abs(airing.from_ms - from_ms))));
    const { seeks, longest_hold_ms } = troublesOf(looks, atMs, untilMs);
    const shifts = shown.map((showings) => shiftFigure(showings, observer.airings, { fromMs, atMs, untilMs }));
    return {
      about: `kill -9 and a new start; the server was away for ${awayMs.toFixed(0)} ms`,
      figures: [
        seekFigure(seeks),
        ...shifts.map((figure, place) => ({ ...figure, name: `${figure.name}, viewer ${place + 1}` })),
        { name: "longest hold from then on", value: longest_hold_ms, unit: "ms", digits: 1, target: HOLD_MAX_MS },
        { name: "announced programmes moved by", value: quantile(moved, 1), unit: "ms", digits: 1, target: 0 },
      ],
      notes: [],
    };
  });
