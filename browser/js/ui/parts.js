// What every component of a channel page is given. Types only.

/** @import { Channel } from "../edges/channel.js" */
/** @import { Ticker } from "./ticker.js" */

/**
 * What the controls ask of the player; it answers by attributes on its element (`data-state`, `data-muted`,
 * `data-sync`, `data-sync-ms`, `data-grace` when a person may stop and go back, `data-shift` once they have) and by
 * `data-front` on the video that is on the air.
 * @typedef {{
 *   root: HTMLElement,
 *   front: () => HTMLVideoElement,
 *   setMuted: (muted: boolean) => void,
 *   setVolume: (volume: number) => void,
 *   unblock: () => void,
 *   stop: () => void,
 *   move: (stepMs: number) => void,
 *   goLive: () => void,
 *   behind_ms: () => number,
 *   drift: () => { kind: "file" | "stream", error_ms: number | null },
 * }} PlayerControls
 *
 * @typedef {{ channel: Channel, player: PlayerControls, ticker: Ticker, signal: AbortSignal }} PageParts
 */

export {};
