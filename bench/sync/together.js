// All viewers together for a while: how closely they agree, and what befell them.

import { changes, firstRight, holds, quantile, sameShare, spreads, wrongBy } from "./analyse.js";
import { monotonicMs } from "./observer.js";
import { sleep } from "./stage.js";

/** @import { Figure } from "./report.js" */
/** @import { Stage } from "./stage.js" */

/** Figures of viewers together start this long after the last one showed its first right frame. */
const SETTLE_MS = 2_000;
/** What is newer than this may not have been seen yet. */
const SEEN_AFTER_MS = 500;
/** A picture that stands longer than this is waited for by whoever watches. */
export const STANDSTILL_MS = 200;

/** What all viewers of the stage have seen up to now. @param {Stage} stage @param {number} [withinMs] how far off counts as right */
export async function lookAll({ viewers, observer }, withinMs) {
  const untilMs = monotonicMs() - SEEN_AFTER_MS;
  observer.foresee(untilMs + 60_000);
  const looks = await Promise.all(viewers.map((viewer) => viewer.look()));
  const shown = looks.map(({ showings }) => showings);
  const joined = viewers.map((viewer, place) => firstRight(shown[place], observer.airings, viewer.opened_ms, untilMs, withinMs) ?? NaN);
  const fromMs = Math.max(...joined) + SETTLE_MS;
  if (!(fromMs < untilMs)) throw new Error("a viewer never showed the right frame");
  return { fromMs, untilMs, shown, looks };
}

/**
 * Lets the viewers of the stage watch, and reads what came of it.
 * @param {Stage} stage @param {number} seconds @param {number} [withinMs] how far off counts as right, at the beginning
 */
export async function watchTogether(stage, seconds, withinMs) {
  await sleep(3_000 + seconds * 1_000);
  const { fromMs, untilMs, shown, looks } = await lookAll(stage, withinMs);
  const { viewers, observer: { airings } } = stage;
  const lateness = shown.map((showings) =>
    Array.from({ length: 400 }, (_, step) => wrongBy(showings, airings, fromMs + ((untilMs - fromMs) * step) / 400)),
  );
  return {
    seconds: (untilMs - fromMs) / 1_000,
    same: sameShare(shown, fromMs, untilMs),
    spreads: spreads(shown, airings, fromMs, untilMs),
    changes: shown.map((showings) => changes(showings, airings, fromMs, untilMs)),
    wrong: lateness.flat(),
    troubles: troublesOf(looks, fromMs, untilMs),
    unreadable: looks.reduce((sum, look) => sum + look.unreadable, 0),
    beliefs: await Promise.all(viewers.map((viewer) => viewer.belief())),
    page_errors: viewers.reduce((sum, viewer) => sum + viewer.errors, 0),
    fromMs,
    untilMs,
    shown,
  };
}

/**
 * What befell the pictures of all viewers within [fromMs, untilMs).
 * @param {Awaited<ReturnType<typeof lookAll>>["looks"]} looks @param {number} fromMs @param {number} untilMs
 */
export function troublesOf(looks, fromMs, untilMs) {
  const happenings = looks.flatMap((look) => look.happenings).filter(({ at_ms }) => at_ms >= fromMs && at_ms < untilMs);
  const stood = looks.flatMap(({ showings }) => holds(showings, fromMs, untilMs));
  return {
    seeks: happenings.filter(({ kind }) => kind === "seeking").length,
    waits: happenings.filter(({ kind }) => kind === "waiting").length,
    standstills: stood.filter((ms) => ms > STANDSTILL_MS).length,
    longest_hold_ms: quantile(stood, 1),
    rates: happenings.filter(({ kind, is_audible }) => kind === "ratechange" && is_audible).map(({ rate }) => rate),
  };
}

/**
 * Same frame and spread, of a measurement of viewers together.
 * @param {Awaited<ReturnType<typeof watchTogether>>} together
 * @param {{ same?: number, p50?: number, p95?: number, p99?: number, max?: number }} targets in percent and milliseconds
 * @returns {Figure[]}
 */
export function agreement({ same, spreads: apart }, targets) {
  const spread = (/** @type {string} */ name, /** @type {number} */ value, /** @type {number | undefined} */ target) =>
    ({ name: `spread per frame, ${name}`, value, unit: "ms", digits: 2, target });
  return [
    { name: "same frame on all screens", value: 100 * same, unit: "%", digits: 2, target: targets.same, at_least: true },
    spread("p50", quantile(apart, 0.5), targets.p50),
    spread("p95", quantile(apart, 0.95), targets.p95),
    spread("p99", quantile(apart, 0.99), targets.p99),
    spread("max", Math.max(...apart), targets.max),
  ];
}
