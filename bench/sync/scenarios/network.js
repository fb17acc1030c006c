// Viewers behind a slow and lossy line.

import { firstRight, lags, mean, meansOf, quantile, TICK_MS } from "../analyse.js";
import { Link } from "../link.js";
import { monotonicMs } from "../observer.js";
import { HOLD_MAX_MS, onStage, sleep } from "../stage.js";
import { agreement, lookAll, troublesOf, watchTogether } from "../together.js";
import { seekFigure, shiftFigure } from "./figures.js";

/** @import { Manners } from "../link.js" */
/** @import { Outcome, Wishes } from "../scenarios.js" */
/** @import { Stage } from "../stage.js" */

const UP_MS = 10;
const DOWN_MS = 60;
/** No exchange can tell which way was the slow one, so half of the difference cannot be known. */
const BIAS_MS = (DOWN_MS - UP_MS) / 2;
const OUTAGE_MS = 5_000;
/** The stream's buffer is full by then. */
const BUFFERED_AFTER_MS = 20_000;
/** So long after an outage everything it did has been seen. */
const AFTERWARDS_MS = 15_000;
/** The pictures of 25 a second fall on five phases of a tick, 3.3 ms apart: means of them are as exact as half of that. */
const PHASES_MS = 1.7;

/**
 * A stage whose station is at the near end of a line.
 * @param {Manners} manners @param {Wishes["stage"]} options
 * @param {(stage: Stage, link: Link) => Promise<Outcome>} measure
 * @returns {Promise<Outcome>}
 */
async function behind(manners, options, measure) {
  const link = await Link.open(manners);
  let outcome;
  try {
    outcome = await onStage({ ...options, host: Link.address, environment: { ROCKET_ADDRESS: "0.0.0.0" } }, (stage) => measure(stage, link));
  } catch (error) {
    await link.close();
    throw error;
  }
  const report = await link.close();
  const told = Object.entries(report ?? {}).map(([way, { forwarded, lost, late_us }]) =>
    `${way}: ${forwarded} frames, ${lost} lost, handed over ${late_us.p50} µs late (p99 ${late_us.p99}, max ${late_us.max})`);
  return { ...outcome, notes: [...outcome.notes, `the line, ${told.join("; ")}`] };
}

/** @param {Wishes} wishes */
export const wan = ({ stage: options, seconds }) =>
  behind({ up: [40, 10], down: [40, 10], loss: 0.005 }, options, async (stage, link) => {
    for (let entered = 0; entered < 2; entered += 1) await stage.enter({ launch: link.browser });
    const together = await watchTogether(stage, seconds);
    const { waits, standstills, seeks, longest_hold_ms } = together.troubles;
    return {
      about: `two viewers behind 40 ± 10 ms each way that loses 0.5 %, ${together.seconds.toFixed(0)} s`,
      figures: [
        ...agreement(together, { same: 90, p95: 33 }),
        { name: "rebuffering (waits and standstills)", value: waits + standstills, unit: "", digits: 0, target: 0 },
        { name: "longest hold", value: longest_hold_ms, unit: "ms", digits: 1 },
        seekFigure(seeks),
      ],
      notes: [],
    };
  });

/** @param {Wishes} wishes */
export const asymmetric = ({ stage: options, seconds }) =>
  behind({ up: [UP_MS, 0], down: [DOWN_MS, 0] }, options, async (stage, link) => {
    await stage.enter();
    await stage.enter({ launch: link.browser });
    const { fromMs, untilMs, shown: [near, far], seconds: measured, troubles } = await watchTogether(stage, seconds, BIAS_MS + TICK_MS);
    const late = lags(near, far, stage.observer.airings, fromMs, untilMs);
    return {
      about: `one viewer at the server, one behind ${UP_MS} ms up and ${DOWN_MS} ms down, ${measured.toFixed(0)} s`,
      figures: [
        { name: "behind the near one, mean", value: mean(late.map(({ late_ms }) => late_ms)), unit: "ms", digits: 1, target: BIAS_MS + PHASES_MS },
        { name: "behind the near one, worst 6 s", value: quantile(meansOf(late, fromMs, untilMs, 6_000), 1), unit: "ms", digits: 1 },
        seekFigure(troubles.seeks),
      ],
      notes: [`${BIAS_MS} ms is what no clock can see; means of pictures on ticks are exact to ${PHASES_MS} ms`],
    };
  });

/** @param {Wishes} wishes */
export const outage = ({ stage: options }) =>
  behind({ up: [5, 0], down: [5, 0] }, options, async (stage, link) => {
    await stage.enter();
    await stage.enter({ launch: link.browser });
    await sleep(BUFFERED_AFTER_MS);
    const cutMs = monotonicMs();
    await link.cut();
    await sleep(OUTAGE_MS);
    await link.mend();
    const mendedMs = monotonicMs();
    await sleep(AFTERWARDS_MS);
    const { fromMs, untilMs, shown, looks } = await lookAll(stage);
    const { airings } = stage.observer;
    const [, far] = shown;
    const { seeks, waits, longest_hold_ms } = troublesOf(looks.slice(1), cutMs, untilMs);
    const right = firstRight(far, airings, mendedMs, untilMs);
    return {
      about: `one viewer behind 5 ms each way, and for ${OUTAGE_MS / 1_000} s behind nothing`,
      figures: [
        { name: "longest hold from then on", value: longest_hold_ms, unit: "ms", digits: 1, target: HOLD_MAX_MS },
        seekFigure(seeks),
        { name: "waits", value: waits, unit: "", digits: 0, target: 0 },
        shiftFigure(far, airings, { fromMs, atMs: cutMs, untilMs }),
        { name: "right again after the mending", value: right === null ? Infinity : (right - mendedMs) / 1_000, unit: "s", digits: 2, target: 1 },
      ],
      notes: [],
    };
  });
