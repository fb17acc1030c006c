// A running preview in a row's still: its small pictures one after the other, while it is pointed at, in focus or
// tapped. Who wants less motion goes through them press by press.

import { placement, spread } from "../../core/previews.js";
import { every } from "../../edges/now.js";
import { fetchPreviews } from "../../edges/previews.js";
import { find, setPressed, setText } from "../dom.js";
import { lengthText } from "../format.js";

/** @import { Previews } from "../../edges/previews.js" */

const STEP_MS = 700;
/** A long film is run through in about this many pictures. */
const STEPS_MAX = 24;
const STILL_RATIO = 16 / 9;

/**
 * @param {HTMLElement} list whose rows have previews, by `data-previews` on their still
 * @param {{ signal: AbortSignal }} parts
 */
export function mountRowPreviews(list, { signal }) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {HTMLElement | null} the still that runs */
  let running = null;
  let place = 0;
  let present = new AbortController();

  function stop() {
    present.abort();
    if (!running) return;
    for (const selector of ["[data-run]", "[data-run-time]"]) find(running, selector).hidden = true;
    setPressed(find(running, "[data-preview]"), false);
    running = null;
  }

  /** @param {HTMLElement} still */
  async function start(still) {
    if (running === still) return;
    stop();
    running = still;
    place = 0;
    present = new AbortController();
    const until = AbortSignal.any([present.signal, signal]);
    setPressed(find(still, "[data-preview]"), true);
    const previews = await fetchPreviews(still.dataset.previews ?? "", until);
    if (until.aborted) return;
    if (!previews) stop();
    else if (calm.matches) show(still, previews);
    else {
      show(still, previews);
      every(STEP_MS, () => show(still, previews), until);
    }
  }

  /** The next picture. @param {HTMLElement} still @param {Previews} previews */
  function show(still, { sheet, address }) {
    const tiles = spread(sheet.tiles, STEPS_MAX);
    const tile = tiles[place % tiles.length];
    if (!tile) return;
    place += 1;
    const run = find(still, "[data-run]");
    const time = find(still, "[data-run-time]");
    const { size, position } = placement(tile, sheet);
    const ratio = tile.width / tile.height;
    Object.assign(run.style, {
      backgroundImage: `url("${address}")`,
      backgroundSize: size,
      backgroundPosition: position,
      width: `${Math.min(1, ratio / STILL_RATIO) * 100}%`,
      height: `${Math.min(1, STILL_RATIO / ratio) * 100}%`,
    });
    setText(time, lengthText(tile.start_ms));
    run.hidden = time.hidden = false;
  }

  /** @param {EventTarget | null} target */
  const stillOf = (target) =>
    /** @type {HTMLElement | null} */ (target instanceof Element ? target.closest("[data-still][data-previews]") : null);

  /** @param {HTMLElement} still */
  async function press(still) {
    if (running !== still) await start(still);
    else if (!calm.matches) stop();
    else {
      const previews = await fetchPreviews(still.dataset.previews ?? "", signal);
      if (previews && running === still) show(still, previews);
    }
  }

  list.addEventListener("pointerover", ({ target, pointerType }) => {
    const still = stillOf(target instanceof Element ? target.closest("li")?.querySelector("[data-still]") ?? null : null);
    if (pointerType === "mouse" && still && !calm.matches) void start(still);
  }, { signal });
  list.addEventListener("pointerout", ({ relatedTarget, pointerType }) => {
    const isStillThere = relatedTarget instanceof Node && running?.closest("li")?.contains(relatedTarget);
    if (pointerType === "mouse" && running && !isStillThere) stop();
  }, { signal });
  list.addEventListener("focusin", ({ target }) => {
    const still = target instanceof Element && target.matches(":focus-visible") ? stillOf(target) : null;
    if (still && !calm.matches) void start(still);
  }, { signal });
  list.addEventListener("focusout", ({ target }) => {
    if (stillOf(target) === running) stop();
  }, { signal });
  list.addEventListener("click", (event) => {
    const still = stillOf(event.target);
    const isMouse = event instanceof PointerEvent && event.pointerType === "mouse";
    if (still && !(isMouse && !calm.matches)) void press(still); // under a mouse it runs anyway
  }, { signal });
}
