// The picture. Two elements: one on the air; the other gets the next programme late, parks at its first frame and
// is started early by its learned start latency, so that both know their frame at the change. Then the front
// is handed over in the rendering whose picture is the first of the new programme.

import { carries, fileReel } from "../core/reels.js";
import { Deck, DeckError } from "../edges/deck.js";
import { after, every } from "../edges/now.js";
import { parkOnTime, renderingOf } from "./launch.js";
import { PlayerSound } from "./player_sound.js";
import { Slot } from "./slot.js";
import { StartTimes } from "./start_times.js";
import { Steering } from "./steering.js";

/** @import { Reel } from "../core/reels.js" */
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
  #slots;
  #sound;
  #steering;
  #starts = new StartTimes();
  /** How often the picture stood still since it was last in step. */
  #stalls = 0;
  #cancelWake = () => {};
  #now = () => this.#channel.now();

  /** @param {HTMLElement} root @param {Channel} channel @param {AbortSignal} signal */
  constructor(root, channel, signal) {
    this.#root = root;
    this.#channel = channel;
    this.#signal = signal;
    const videos = [...root.querySelectorAll("video")];
    while (videos.length < 2) videos.push(addVideo(root));
    this.#slots = videos.map((video) => new Slot(new Deck(video)));
    this.front = /** @type {Slot} */ (this.#slots[0]);
    this.front.deck.video.setAttribute("data-front", "");
    this.#sound = new PlayerSound(root, this.#slots.map(({ deck }) => deck));
    this.#steering = new Steering({ now: this.#now, starts: this.#starts, signal, onLost: (why) => this.#onLost(why) });
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
    for (const slot of this.#slots) {
      slot.deck.video.addEventListener("error", () => slot === this.front && slot.running && this.#onLost("broken"), { signal });
    }
    signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  #close() {
    for (const slot of this.#slots) slot.clear();
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
    if (!this.#slots.some(({ reel }) => carries(reel, moment.current))) this.#tune(moment.current);
    return this.#cue(moment);
  }

  /** While the clock is not known yet, the right file can be on its way. @param {Moment} moment */
  #preload({ current }) {
    if (!this.front.reel) this.front.deck.load(current.url, this.#signal).catch(() => {}); // tuning in reports it
  }

  #offAir() {
    if (!this.#channel.state.known) return;
    this.#steering.leave({ lost: true });
    this.#close();
    this.#reflectState("off-air");
  }

  /** Brings the front itself to where the channel is. @param {Airing} airing */
  #tune(airing) {
    const shown = this.#state === "blocked" || this.#state === "unsupported"; // said until there is a picture
    if (airing.url !== this.front.deck.url && !shown) this.#reflectState("loading");
    this.#steering.leave({ lost: true });
    void this.#launch(this.front, fileReel(airing), airing);
  }

  /** Readies what comes next, when its time is near. @param {Moment} moment */
  #cue({ current, next, until_ms }) {
    this.#cancelWake();
    const slot = this.#freeSlot(current);
    if (!next || !slot || this.#slots.some(({ reel }) => carries(reel, next))) return;
    const leftMs = until_ms - this.#channel.now();
    const frontIsThere = this.front.running && carries(this.front.reel, current);
    const dueInMs = leftMs - (frontIsThere ? LOAD_BEFORE_MS : LOAD_ANYWAY_MS);
    if (dueInMs > 0) this.#cancelWake = after(Math.min(dueInMs, 60_000), () => this.#evaluate(), this.#signal);
    else void this.#launch(slot, fileReel(next), next);
  }

  /** One that neither shows what is on nor is about to. @param {Airing} current */
  #freeSlot(current) {
    return this.#slots.find((slot) => slot !== this.front && !carries(slot.reel, current));
  }

  /** @param {Slot} slot @param {Reel} reel @param {Airing} airing what of the reel it is to begin with */
  async #launch(slot, reel, airing) {
    const until = slot.take(reel);
    try {
      await this.#bring(slot, reel, airing, until);
      if (until.aborted) return;
      slot.succeeded();
      this.#evaluate();
    } catch (error) {
      if (!until.aborted) this.#onFailed(slot, error);
    }
  }

  /** @param {Slot} slot @param {Reel} reel @param {Airing} airing @param {AbortSignal} until */
  async #bring(slot, reel, airing, until) {
    const { deck } = slot;
    const sway = (/** @type {number} */ serverMs) => this.#steering.sway(serverMs);
    const start = await parkOnTime({ deck, reel, airing, now: this.#now, starts: this.#starts, sway, until });
    if (!start) return;
    const allowing = this.#sound.release(deck);
    if (slot !== this.front) await this.#handOver(slot, start.start_ms, until);
    const allowed = await allowing;
    until.throwIfAborted();
    this.#reflectState(allowed ? "playing" : "blocked");
    if (!allowed) return;
    slot.running = true;
    this.#steering.follow(deck, reel, start);
  }

  /** The slot becomes the front at `atMs` (server time); what was there goes a moment later. @param {Slot} slot @param {number} atMs @param {AbortSignal} until */
  async #handOver(slot, atMs, until) {
    await renderingOf(atMs, this.#now, until);
    const gone = this.front;
    this.front = slot;
    slot.deck.video.setAttribute("data-front", "");
    gone.deck.video.removeAttribute("data-front");
    this.#steering.leave({ lost: false });
    const { signal } = gone.work;
    after(UNLOAD_AFTER_MS, () => {
      gone.clear();
      this.#evaluate();
    }, AbortSignal.any([signal, this.#signal]));
  }

  /** The picture on the air is not where it should be. @param {"far" | "stalled" | "broken"} why */
  #onLost(why) {
    const { reel } = this.front;
    this.#steering.leave({ lost: true });
    this.#reflectSync();
    if (why === "stalled") this.#stalls += 1;
    if (why === "broken" || this.#stalls > 1) this.front.deck.unload(); // the address may have expired
    if (reel?.airing) void this.#launch(this.front, reel, reel.airing);
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
