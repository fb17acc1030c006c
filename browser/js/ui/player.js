// The picture. Two elements for files: one on the air; the other gets the next programme late, parks at its first frame
// and is started early by its learned start latency, so that both know their frame at the change. Then the front is handed
// over in the rendering whose picture is the first of the new programme. A third element has the channel's stream, where it
// has one: it takes over from a file in the same way and then goes on from programme to programme by itself.

import { carries, fileReel, streamReel } from "../core/reels.js";
import { Deck, DeckError } from "../edges/deck.js";
import { after, every } from "../edges/now.js";
import { canStream, StreamDeck } from "../edges/stream_deck.js";
import { parkOnTime, renderingOf } from "./launch.js";
import { PlayerSound } from "./player_sound.js";
import { PlayerState } from "./player_state.js";
import { Slot } from "./slot.js";
import { StartTimes } from "./start_times.js";
import { Steering } from "./steering.js";
import { TimeShift } from "./time_shift.js";

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
/** The first picture gets the machine to itself for this long. */
const SETTLE_MS = 1_000;
/** With less than this left of a programme that the stream is not going on after, it is not worth going over to it. */
const STREAM_WORTH_MS = 8_000;
/** A stream that does not begin is left alone for this long: files do. */
const STREAM_FAILURES_MAX = 2;
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
    stop: () => player.stop(),
    move: (/** @type {number} */ stepMs) => player.move(stepMs),
    goLive: () => player.goLive(),
    behind_ms: () => player.shift.behind_ms,
    drift: () => player.drift,
  });
}

class Player {
  #state;
  #channel;
  #signal;
  /** @type {Slot[]} */
  #slots;
  /** @type {Slot | null} */
  #stream = null;
  #streamRests = false;
  #sound;
  #steering;
  #starts = new StartTimes();
  /** How often the picture stood still since it was last in step. */
  #stalls = 0;
  #cancelWake = () => {};

  /** @param {HTMLElement} root @param {Channel} channel @param {AbortSignal} signal */
  constructor(root, channel, signal) {
    this.#state = new PlayerState(root);
    this.#channel = channel;
    this.shift = new TimeShift(channel);
    this.#signal = signal;
    const videos = [...root.querySelectorAll("video")];
    while (videos.length < 2) videos.push(addVideo(root));
    this.#slots = videos.map((video) => new Slot(new Deck(video)));
    if (canStream()) this.#slots.push((this.#stream = new Slot(new StreamDeck(addVideo(root), this.shift.now))));
    this.front = /** @type {Slot} */ (this.#slots[0]);
    this.front.deck.video.setAttribute("data-front", "");
    this.#sound = new PlayerSound(root, this.#slots.map(({ deck }) => deck));
    this.#steering = new Steering({ now: this.shift.now, starts: this.#starts, signal, onLost: (why) => this.#onLost(why) });
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
    this.shift.remember(moment.current);
    if (!this.shift.isLive) return this.#evaluateShifted();
    if (!this.#isTaken(moment.current)) this.#tune(moment.current);
    this.#offerWords(moment.current, moment.next);
    return this.#cue(moment);
  }

  /** Whether a deck shows it, or is about to; a stream that has not begun is nothing to rely on. @param {Airing} airing */
  #isTaken(airing) {
    return this.#slots.some((slot) => carries(slot.reel, airing) && (slot !== this.#stream || slot === this.front));
  }

  /** Somebody watches later than everyone: what was on goes on, as far as the stream has it. */
  #evaluateShifted() {
    this.#cancelWake();
    const { shown, following } = this.shift.programmes();
    if (!this.#hasGrace || shown?.linear === false) return this.goLive();
    if (!shown) return undefined;
    this.#offerWords(shown, following);
    const leftMs = shown.started_at_ms + shown.duration_ms - this.shift.now();
    if (!this.shift.isStopped) this.#cancelWake = after(Math.min(leftMs + 1, 60_000), () => this.#evaluate(), this.#signal);
    return undefined;
  }

  /** The stream has no words of its own: those of the programme it shows go with it, and of the next. @param {Airing} current @param {Airing | null} next */
  #offerWords(current, next) {
    const { reel, running, deck } = this.front;
    const words = (/** @type {Airing} */ { captions, started_at_ms }) => ({ captions, zero_ms: started_at_ms });
    if (running && reel?.kind === "stream") deck.offer(words(current), next && words(next));
  }

  /** How far the picture is from where it is to be, and what it comes from. */
  get drift() {
    return { kind: this.front.reel?.kind ?? "file", error_ms: this.#steering.error_ms };
  }

  /** Whether a person can have another time than everyone now. */
  get #hasGrace() {
    return this.front === this.#stream && this.#stream.reel !== null;
  }

  /** The picture stands still for this person; the channel does not. */
  stop() {
    if (!this.#hasGrace || this.shift.isStopped) return;
    this.front.take(this.front.reel);
    this.shift.stop();
    this.#steering.leave({ lost: false });
    this.front.deck.video.pause();
    this.#reflectSync();
  }

  /** Goes on from the picture that is shown, or from `stepMs` beside it. @param {number} stepMs */
  move(stepMs) {
    if (!this.#hasGrace || !(this.front.deck instanceof StreamDeck)) return;
    this.shift.move(stepMs, this.front.deck.earliest_ms);
    this.#followShift();
  }

  /** Back to where everyone is. */
  goLive() {
    if (this.shift.isLive) return;
    this.shift.goLive();
    this.#followShift();
  }

  #followShift() {
    const { reel } = this.front;
    const { shown } = this.shift.programmes();
    this.#steering.leave({ lost: true });
    if (this.#hasGrace && reel && shown?.linear !== false) void this.#launch(this.front, reel, shown);
    else this.front.deck.video.pause();
    this.#evaluate();
  }

  /** While the clock is not known yet, the right file can be on its way. @param {Moment} moment */
  #preload({ current }) {
    if (!this.front.reel) this.front.deck.load(current.url, this.#signal).catch(() => {}); // tuning in reports it
  }

  #offAir() {
    if (!this.#channel.state.known) return;
    this.#steering.leave({ lost: true });
    this.shift.goLive();
    this.#close();
    this.#reflectState("off-air");
  }

  /** Brings the front itself to where the channel is; a file begins sooner, so the stream only goes on with it. @param {Airing} airing */
  #tune(airing) {
    const shown = this.#state.phase === "blocked" || this.#state.phase === "unsupported"; // said until there is a picture
    if (airing.url !== this.front.deck.url && !shown) this.#reflectState("loading");
    this.#steering.leave({ lost: true });
    if (this.front === this.#stream && this.#canStream(airing)) void this.#launch(this.front, streamReel(this.#channelId), airing);
    else void this.#launch(this.front === this.#stream ? this.#freeFile(airing) : this.front, fileReel(airing), airing);
  }

  /** Readies what comes next, when its time is near; and the stream, once a file of what it carries runs. @param {Moment} moment */
  #cue({ current, next, until_ms }) {
    this.#cancelWake();
    const leftMs = until_ms - this.#channel.now();
    const frontIsThere = this.front.running && carries(this.front.reel, current);
    const goesOn = next?.linear || leftMs > STREAM_WORTH_MS;
    if (frontIsThere && this.front.settled && goesOn && this.#canStream(current) && this.#stream && !this.#stream.reel) {
      void this.#launch(this.#stream, streamReel(this.#channelId), current);
    }
    if (!next || this.#isTaken(next)) return;
    const dueInMs = leftMs - (frontIsThere ? LOAD_BEFORE_MS : LOAD_ANYWAY_MS);
    if (dueInMs > 0) this.#cancelWake = after(Math.min(dueInMs, 60_000), () => this.#evaluate(), this.#signal);
    else void this.#launch(this.#freeFile(current), fileReel(next), next);
  }

  get #channelId() {
    return this.#channel.state.announced?.channel ?? "main";
  }

  /** @param {Airing} airing */
  #canStream(airing) {
    return airing.linear && this.#stream !== null && !this.#streamRests;
  }

  /** A deck for files that neither shows what is on nor is about to. @param {Airing} current */
  #freeFile(current) {
    return /** @type {Slot} */ (this.#slots.find((slot) => slot !== this.#stream && slot !== this.front && !carries(slot.reel, current)));
  }

  /** @param {Slot} slot @param {Reel} reel @param {Airing | null} airing what of the reel it is to begin with */
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

  /** @param {Slot} slot @param {Reel} reel @param {Airing | null} airing @param {AbortSignal} until */
  async #bring(slot, reel, airing, until) {
    const { deck } = slot;
    const sway = (/** @type {number} */ serverMs) => this.#steering.sway(serverMs);
    const start = await parkOnTime({ deck, reel, airing, now: this.shift.now, starts: this.#starts, sway, until });
    if (!start) return;
    const isGoingOver = slot === this.#stream && slot !== this.front;
    const allowing = this.#sound.release(deck, { orMuted: !isGoingOver });
    let isRefused = false;
    void allowing.then((isAllowed) => (isRefused = !isAllowed));
    if (slot !== this.front) await renderingOf(start.start_ms, this.shift.now, until);
    // A late stream may have nothing of what is on by now, and an element that nobody has touched may have to be mute.
    if (isGoingOver && (isRefused || !carries(reel, this.#channel.moment()?.current ?? null))) throw new DeckError("the file goes on better", { fatal: false });
    if (slot !== this.front) this.#handOver(slot);
    const allowed = await allowing;
    until.throwIfAborted();
    this.#reflectState(allowed ? "playing" : "blocked");
    if (!allowed) return;
    slot.running = true;
    this.#steering.follow(deck, reel, start);
    after(SETTLE_MS, () => {
      slot.settled = true;
      this.#evaluate();
    }, AbortSignal.any([until, this.#signal]));
  }

  /** The slot becomes the front; what was there goes a moment later. @param {Slot} slot */
  #handOver(slot) {
    const gone = this.front;
    this.front = slot;
    if (gone.running && carries(gone.reel, this.#channel.moment()?.current ?? null)) gone.deck.video.pause(); // not to be heard twice
    slot.deck.video.setAttribute("data-front", "");
    gone.deck.video.removeAttribute("data-front");
    this.#steering.leave({ lost: false });
    if (slot === this.#stream) this.#relieve(gone);
    const { signal } = gone.work;
    after(UNLOAD_AFTER_MS, () => {
      gone.clear();
      this.#evaluate();
    }, AbortSignal.any([signal, this.#signal]));
  }

  /** What was readied of that which the stream goes on with is not needed. @param {Slot} gone */
  #relieve(gone) {
    for (const slot of this.#slots) if (slot !== gone && slot.reel?.airing?.linear) slot.clear();
  }

  /** The picture on the air is not where it should be. @param {"far" | "stalled" | "broken"} why */
  #onLost(why) {
    const { reel } = this.front;
    const airing = reel?.airing ?? this.shift.programmes().shown;
    this.#steering.leave({ lost: true });
    this.#reflectSync();
    if (why === "stalled") this.#stalls += 1;
    if (why === "broken" || this.#stalls > 1) this.front.deck.unload(); // the address may have expired
    if (reel) void this.#launch(this.front, reel, airing);
  }

  /** @param {Slot} slot @param {unknown} error */
  #onFailed(slot, error) {
    slot.failures += 1;
    slot.running = false;
    const fatal = error instanceof DeckError && error.fatal;
    const hopeless = fatal || (slot.failures >= FAILURES_UNTIL_UNSUPPORTED && this.#channel.state.connection === "open");
    slot.deck.unload();
    if (slot === this.#stream) return this.#onStreamFailed(slot);
    if (slot === this.front && hopeless) this.#reflectState("unsupported");
    const waitMs = fatal ? REFUSED_WAIT_MS : slot.backoff.next(Math.random());
    after(waitMs, () => {
      slot.take(null);
      this.#evaluate();
    }, AbortSignal.any([slot.work.signal, this.#signal]));
    return undefined;
  }

  /** There are always files to go on with. @param {Slot} slot */
  #onStreamFailed(slot) {
    slot.take(null);
    this.shift.goLive();
    this.#streamRests = true;
    after(slot.failures < STREAM_FAILURES_MAX ? slot.backoff.next(Math.random()) : REFUSED_WAIT_MS, () => {
      this.#streamRests = false;
      this.#evaluate();
    }, this.#signal);
    this.#evaluate();
  }

  /** After being hidden or asleep: first what time it is, then where the picture is. */
  async #onReturn() {
    await this.#channel.refresh();
    this.#evaluate();
  }

  /** @param {import("./player_state.js").PlayerPhase} phase */
  #reflectState(phase) {
    this.#state.phase = phase;
    this.#reflectSync();
  }

  #reflectSync() {
    const { inSync, error_ms } = this.#steering;
    if (inSync) this.#stalls = 0;
    this.#state.sync(this.#channel.state.connection === "lost" ? "reconnecting" : inSync ? "in-sync" : "catching-up", error_ms);
    this.#state.shift(this.#hasGrace, this.shift.isLive ? null : this.shift.isStopped ? "stopped" : "behind");
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
