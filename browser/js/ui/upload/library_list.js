// The library below the form: every video, its state and why, kept up to date.

import { fetchLibrary } from "../../edges/library.js";
import { after } from "../../edges/now.js";
import { copyOf, find, setAttribute, setPressed, setText } from "../dom.js";
import { countText, whenText } from "../format.js";
import { scope } from "../scope.js";
import { asSentence, rowFactsText, stateText } from "./words.js";

/** @import { LibraryVideo, Listing } from "../../edges/library.js" */

const REFRESH_AFTER_MS = 4_000;
/** A large library is asked for less often: its listing is sent whole. */
const REFRESH_AFTER_MS_PER_VIDEO = 8;
const REFRESH_AFTER_MAX_MS = 60_000;
const PAGE_ROWS = 100;

/**
 * @param {Document} page
 * @param {{ signal: AbortSignal, onListing: (listing: Listing) => void }} parts
 */
export function mountLibraryList(page, { signal: parent, onListing }) {
  const { signal, close } = scope(parent);
  const list = find(page, "[data-library-list]");
  const note = find(page, "[data-library-note]");
  const filters = find(page, "[data-filters]");
  const more = find(page, "[data-more]");
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  /** @type {Listing | null} */
  let listing = null;
  let filter = "all";
  let rowsMax = PAGE_ROWS;
  /** @type {Promise<void> | null} */
  let asking = null;
  let cancelNext = () => {};

  /** Asks once at a time, and again after a while. */
  function refresh() {
    cancelNext();
    asking ??= ask().finally(() => {
      asking = null;
      const pace_ms = REFRESH_AFTER_MS + (listing?.videos.length ?? 0) * REFRESH_AFTER_MS_PER_VIDEO;
      cancelNext = after(Math.min(pace_ms, REFRESH_AFTER_MAX_MS), refreshIfSeen, signal);
    });
    return asking;
  }

  function refreshIfSeen() {
    if (!document.hidden) void refresh();
  }

  async function ask() {
    try {
      listing = await fetchLibrary(signal);
    } catch {
      if (!signal.aborted) setText(note, "The station does not answer; this list may be old.");
      return;
    }
    onListing(listing);
    render();
  }

  function render() {
    if (!listing) return;
    const { videos, server_time_ms } = listing;
    const chosen = videos.filter(({ state }) => filter === "all" || state === filter);
    filters.hidden = videos.length === 0;
    for (const button of filters.querySelectorAll("button")) {
      const kind = button.dataset.filter;
      const count = kind === "all" ? videos.length : videos.filter(({ state }) => state === kind).length;
      setPressed(button, kind === filter);
      setText(find(button, "[data-count]"), countText(count));
    }
    setText(note, noteFor(videos.length, chosen.length));
    renderRows(chosen.slice(0, rowsMax), server_time_ms ?? 0);
    more.hidden = chosen.length <= rowsMax;
  }

  /** Rows are kept by video, so that nothing a person reads or selects is replaced. @param {LibraryVideo[]} videos @param {number} nowMs */
  function renderRows(videos, nowMs) {
    const wanted = new Set(videos.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (wanted.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    for (const [place, video] of videos.entries()) {
      const row = rows.get(video.id) ?? copyOf(page, "[data-library-row]");
      rows.set(video.id, row);
      renderRow(row, video, nowMs);
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    }
  }

  filters.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    filter = button.dataset.filter ?? "all";
    rowsMax = PAGE_ROWS;
    render();
  }, { signal });
  more.addEventListener("click", () => {
    rowsMax += PAGE_ROWS;
    render();
  }, { signal });
  document.addEventListener("visibilitychange", refreshIfSeen, { signal });
  void refresh();
  return { close, refresh };
}

/** @param {number} all @param {number} chosen */
function noteFor(all, chosen) {
  if (all === 0) return "The shelves are empty. The first video starts the channel.";
  return chosen === 0 ? "None at the moment." : "";
}

/** @param {HTMLElement} row @param {LibraryVideo} video @param {number} nowMs */
function renderRow(row, video, nowMs) {
  const { state, on_air_at_ms } = video;
  const isOnAir = state === "ready" && on_air_at_ms !== null && on_air_at_ms <= nowMs;
  const reason = find(row, "[data-row-reason]");
  setAttribute(row, "data-state", isOnAir ? "on-air" : state);
  setText(find(row, "[data-row-state]"), stateText(video, isOnAir));
  setText(find(row, "[data-row-title]"), video.title);
  setText(find(row, "[data-row-facts]"), rowFactsText(video));
  setText(find(row, "[data-row-when]"), on_air_at_ms === null || isOnAir ? "" : whenText(on_air_at_ms, nowMs));
  setText(reason, asSentence(video.reason));
  reason.hidden = !video.reason;
}
