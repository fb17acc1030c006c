// Sound of a player with two elements: wanted and allowed are two things. What the person chose is kept; a
// browser that refuses sound without a gesture gets a muted picture, and is not asked again until one.

import { keep, recall } from "../edges/storage.js";

/** @import { Deck } from "../edges/deck.js" */

export class PlayerSound {
  #root;
  #decks;
  #muted = true;
  #volume = 1;

  /** @param {HTMLElement} root @param {ReadonlyArray<Deck>} decks */
  constructor(root, decks) {
    this.#root = root;
    this.#decks = decks;
    const volume = recall("volume");
    if (typeof volume === "number" && volume >= 0 && volume <= 1) this.#volume = volume;
    this.#muted = recall("muted") !== false;
    this.#apply();
  }

  /** Whether somebody could hear what the rate does. */
  get audible() {
    return !this.#muted && this.#volume > 0;
  }

  /** @param {boolean} muted the person's choice, kept for the next visit */
  setMuted(muted) {
    this.#muted = muted;
    keep("muted", muted);
    this.#apply();
  }

  /** @param {number} volume from 0 to 1, kept for the next visit */
  setVolume(volume) {
    this.#volume = Math.min(Math.max(volume, 0), 1);
    keep("volume", this.#volume);
    this.#apply();
  }

  /**
   * Releases a deck; if the browser refuses the sound, without it, unless that is no choice.
   * @param {Deck} deck
   * @param {{ orMuted?: boolean }} [options]
   * @returns {Promise<boolean>} false if it refuses even the picture: a person must ask first
   */
  async release(deck, { orMuted = true } = {}) {
    try {
      await deck.release();
      return true;
    } catch (error) {
      if (!isRefusal(error)) return true; // overtaken by a newer load or pause, which answers for itself
      if (this.#muted || !orMuted) return false;
      this.#muted = true; // not kept: the person wanted sound
      this.#apply();
      return this.release(deck);
    }
  }

  #apply() {
    for (const { video } of this.#decks) Object.assign(video, { muted: this.#muted, volume: this.#volume });
    this.#root.dataset.muted = String(this.#muted);
    this.#root.dataset.volume = String(this.#volume);
  }
}

/** @param {unknown} error */
const isRefusal = (error) => error instanceof DOMException && error.name === "NotAllowedError";
