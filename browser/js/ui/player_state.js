// How the player tells the page how it goes: attributes on its element, written only when they change.

/**
 * @typedef {"loading" | "playing" | "off-air" | "unsupported" | "blocked"} PlayerPhase
 * @typedef {"reconnecting" | "in-sync" | "catching-up"} SyncPhase
 * @typedef {"behind" | "stopped" | null} ShiftPhase
 */

export class PlayerState {
  #root;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @returns {string | undefined} */
  get phase() {
    return this.#root.dataset.state;
  }

  /** @param {PlayerPhase} phase */
  set phase(phase) {
    this.#set("data-state", phase);
  }

  /** @param {SyncPhase} sync @param {number | null} errorMs */
  sync(sync, errorMs) {
    const joining = this.#root.dataset.sync === undefined && sync === "catching-up";
    if (!joining) this.#set("data-sync", sync);
    this.#set("data-sync-ms", errorMs === null ? null : String(Math.round(errorMs)));
  }

  /** Whether a person can stop the picture and go back, and has. @param {boolean} hasGrace @param {ShiftPhase} shift */
  shift(hasGrace, shift) {
    this.#set("data-grace", hasGrace ? "" : null);
    this.#set("data-shift", shift);
  }

  /** @param {string} name @param {string | null} value */
  #set(name, value) {
    if (this.#root.getAttribute(name) === value) return;
    if (value === null) this.#root.removeAttribute(name);
    else this.#root.setAttribute(name, value);
  }
}
