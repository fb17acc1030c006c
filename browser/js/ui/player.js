// The picture. Two elements: one on the air; the other gets the next programme late, parks at its first frame and
// is started early by its learned start latency, so that both know their frame at the change. Then the front
// is handed over in the rendering whose picture is the first of the new programme.

import { Backoff } from "../core/backoff.js";
import { sameAiring } from "../core/schedule.js";
import { Deck, DeckError } from "../edges/deck.js";
import { after, every } from "../edges/now.js";
import { parkOnTime, renderingOf } from "./launch.js";
import { PlayerSound } from "./player_sound.js";
import { StartTimes } from "./start_times.js";
import { Steering } from "./steering.js";

/** @import { Moment } from "../core/schedule.js" */
/** @import { Airing } from "../core/wire.js" */
/** @import { Channel } from "../edges/channel.js" */

/** The second element takes a connection, so it gets its source only this long before it is needed. */
const LOAD_BEFORE_MS = 10_000;
/** From here on the next programme does not wait for the present one to be there. */
const LOAD_ANYWAY_MS = 2_500;
/** The clock must be known this well before anything is put in its place. */
const CLOCK_UNCERTAINTY_MAX_MS = 250;
const UNLOAD_AFTER_MS = 300;
const FAILURES_UNTIL_UNSUPPORTED = 3;
/** A video that the browser cannot show is tried again this late, should it still be on. */
const REFUSED_WAIT_MS = 30_000;
const REFLECT_EVERY_MS = 250;

/** A deck and the programme it is responsible for. */
class Slot {
  /** @type {Airing | null} */
  airing = null;
  work = new AbortController();
  /** Released and on its way by itself. */
  running = false;
  /** Launches that failed since one succeeded. */
  failures = 0;
  backoff = new Backoff({ first_ms: 400, limit_ms: 8_000 });

  /** @param {Deck} deck */
  constructor(deck) {
    this.deck = deck;
  }

  /** @param {Airing | null} airing @returns {AbortSignal} ends when the slot gets another task */
  take(airing) {
    this.work.abort();
    this.work = new AbortController();
    this.airing = airing;
    this.running = false;
    return this.work.signal;
  }

  clear() {
    this.take(null);
    this.deck.unload();
  }

  succeeded() {
    this.failures = 0;
    this.backoff.reset();
  }
}

/**
 * Plays the channel in `root`, whose attributes tell how it goes.
 * @param {{ root: HTMLElement, channel: Channel, signal: AbortSignal }} options
 */
export function createPlayer({ root, channel, signal }) {
  const player = new Player(root, channel, signal);
  return Object.freeze({
    root,
    front: () => player.front.deck.video,
    setMuted: (/** @type {boolean} */ muted) => player.setMuted(muted),
    setVolume: (/** @type {number} */ volume) => player.setVolume(volume),
    unblock: () => player.rejoin(),
  });
}

class Player {
  #root;
  #channel;
  #signal;
  #sound;
  #steering;
  #starts = new StartTimes();
  /** How often the picture stood still since it was last in step. */
  #stalls = 0;
  #cancelWake = () => {};

  /** @param {HTMLElement} root @param {Channel} channel @param {AbortSignal} signal */
  constructor(root, channel, signal) {
    this.#root = root;
    this.#channel = channel;
    this.#signal = signal;
    const videos = [...root.querySelectorAll("video")];
    while (videos.length < 2) videos.push(addVideo(root));
    const [front, back] = /** @type {[Slot, Slot]} */ (videos.map((video) => new Slot(new Deck(video))));
    this.front = front;
    this.back = back;
    front.deck.video.setAttribute("data-front", "");
    this.#sound = new PlayerSound(root, [front.deck, back.deck]);
    this.#steering = new Steering({ channel, starts: this.#starts, signal, onLost: (why) => this.#onLost(why) });
    this.#steering.limitFor(this.#sound.audible);
    this.#listen();
  }

  #listen() {
    const signal = this.#signal;
    this.#channel.subscribe(() => this.#evaluate(), signal);
    void this.#channel.ready.then(() => this.#evaluate());
    every(REFLECT_EVERY_MS, () => this.#reflectSync(), signal);
    for (const [target, type] of /** @type {const} */ ([[document, "visibilitychange"], [window, "pageshow"]])) {
      target.addEventListener(type, () => document.hidden || void this.#onReturn(), { signal });
    }
    for (const slot of [this.front, this.back]) {
      slot.deck.video.addEventListener("error", () => slot === this.front && slot.running && this.#onLost("broken"), { signal });
    }
    signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  #close() {
    this.front.clear();
    this.back.clear();
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#sound.setMuted(muted);
    this.#steering.limitFor(this.#sound.audible);
  }

  /** @param {number} volume from 0 to 1 */
  setVolume(volume) {
    this.#sound.setVolume(volume);
    this.#steering.limitFor(this.#sound.audible);
  }

  /** Starts over with what is on; inside a person's gesture this may also play what the browser had refused. */
  rejoin() {
    this.front.take(null);
    this.#evaluate();
  }

  /** Compares what the slots are responsible for with what is on and next, and starts what is missing. */
  #evaluate() {
    if (this.#signal.aborted) return;
    this.#reflectSync();
    const moment = this.#channel.moment();
    if (!moment) return this.#offAir();
    if (!(this.#channel.uncertainty_ms() <= CLOCK_UNCERTAINTY_MAX_MS)) return this.#preload(moment);
    const isOn = (/** @type {Slot} */ { airing }) => sameAiring(airing, moment.current);
    if (!isOn(this.front) && !isOn(this.back)) this.#tune(moment.current);
    return this.#cue(moment, isOn(this.back));
  }

  /** While the clock is not known yet, the right file can be on its way. @param {Moment} moment */
  #preload({ current }) {
    if (!this.front.airing) this.front.deck.load(current.url, this.#signal).catch(() => {}); // tuning in reports it
  }

  #offAir() {
    if (!this.#channel.state.known) return;
    this.#steering.leave({ lost: true });
    this.front.clear();
    this.back.clear();
    this.#reflectState("off-air");
  }

  /** Brings the front itself to where the channel is. @param {Airing} airing */
  #tune(airing) {
    const shown = this.#state === "blocked" || this.#state === "unsupported"; // said until there is a picture
    if (airing.url !== this.front.deck.url && !shown) this.#reflectState("loading");
    this.#steering.leave({ lost: true });
    void this.#launch(this.front, airing);
  }

  /** Readies what comes next on the back, when its time is near. @param {Moment} moment @param {boolean} backIsBusy */
  #cue({ current, next, until_ms }, backIsBusy) {
    this.#cancelWake();
    if (!next || backIsBusy || sameAiring(this.back.airing, next) || sameAiring(this.front.airing, next)) return;
    const leftMs = until_ms - this.#channel.now();
    const frontIsThere = this.front.running && sameAiring(this.front.airing, current);
    const dueInMs = leftMs - (frontIsThere ? LOAD_BEFORE_MS : LOAD_ANYWAY_MS);
    if (dueInMs > 0) this.#cancelWake = after(Math.min(dueInMs, 60_000), () => this.#evaluate(), this.#signal);
    else void this.#launch(this.back, next);
  }

  /** @param {Slot} slot @param {Airing} airing */
  async #launch(slot, airing) {
    const until = slot.take(airing);
    try {
      await this.#bring(slot, airing, until);
      if (until.aborted) return;
      slot.succeeded();
      this.#evaluate();
    } catch (error) {
      if (!until.aborted) this.#onFailed(slot, error);
    }
  }

  /** @param {Slot} slot @param {Airing} airing @param {AbortSignal} until */
  async #bring(slot, airing, until) {
    const { deck } = slot;
    const sway = (/** @type {number} */ serverMs) => this.#steering.sway(serverMs);
    const start = await parkOnTime({ deck, airing, channel: this.#channel, starts: this.#starts, sway, until });
    if (!start) return;
    const allowing = this.#sound.release(deck);
    if (slot === this.back) await this.#handOver(start.start_ms, until);
    const allowed = await allowing;
    until.throwIfAborted();
    this.#reflectState(allowed ? "playing" : "blocked");
    if (!allowed) return;
    slot.running = true;
    this.#steering.follow(deck, airing, start);
  }

  /** The back becomes the front at `atMs` (server time); what was there goes a moment later. @param {number} atMs @param {AbortSignal} until */
  async #handOver(atMs, until) {
    await renderingOf(atMs, this.#channel, until);
    [this.front, this.back] = [this.back, this.front];
    this.front.deck.video.setAttribute("data-front", "");
    this.back.deck.video.removeAttribute("data-front");
    this.#steering.leave({ lost: false });
    const gone = this.back;
    const { signal } = gone.work;
    after(UNLOAD_AFTER_MS, () => {
      gone.clear();
      this.#evaluate();
    }, AbortSignal.any([signal, this.#signal]));
  }

  /** The picture on the air is not where it should be. @param {"far" | "stalled" | "broken"} why */
  #onLost(why) {
    const { airing } = this.front;
    this.#steering.leave({ lost: true });
    this.#reflectSync();
    if (why === "stalled") this.#stalls += 1;
    if (why === "broken" || this.#stalls > 1) this.front.deck.unload(); // the address may have expired
    if (airing) void this.#launch(this.front, airing);
  }

  /** @param {Slot} slot @param {unknown} error */
  #onFailed(slot, error) {
    slot.failures += 1;
    slot.running = false;
    const fatal = error instanceof DeckError && error.fatal;
    const hopeless = fatal || (slot.failures >= FAILURES_UNTIL_UNSUPPORTED && this.#channel.state.connection === "open");
    slot.deck.unload();
    if (slot === this.front && hopeless) this.#reflectState("unsupported");
    const waitMs = fatal ? REFUSED_WAIT_MS : slot.backoff.next(Math.random());
    after(waitMs, () => {
      slot.take(null);
      this.#evaluate();
    }, AbortSignal.any([slot.work.signal, this.#signal]));
  }

  /** After being hidden or asleep: first what time it is, then where the picture is. */
  async #onReturn() {
    await this.#channel.refresh();
    this.#evaluate();
  }

  get #state() {
    return this.#root.dataset.state;
  }

  /** @param {"loading" | "playing" | "off-air" | "unsupported" | "blocked"} state */
  #reflectState(state) {
    if (this.#state !== state) this.#root.dataset.state = state;
    this.#reflectSync();
  }

  #reflectSync() {
    const { dataset } = this.#root;
    const { inSync, error_ms } = this.#steering;
    if (inSync) this.#stalls = 0;
    const sync = this.#channel.state.connection === "lost" ? "reconnecting" : inSync ? "in-sync" : "catching-up";
    const joining = dataset.sync === undefined && sync === "catching-up";
    if (!joining && dataset.sync !== sync) dataset.sync = sync;
    const syncMs = error_ms === null ? undefined : String(Math.round(error_ms));
    if (syncMs === undefined) delete dataset.syncMs;
    else if (dataset.syncMs !== syncMs) dataset.syncMs = syncMs;
  }
}

/** @param {HTMLElement} root */
function addVideo(root) {
  const video = document.createElement("video");
  video.setAttribute("data-video", "");
  video.tabIndex = -1;
  root.append(video);
  return video;
}
