// The library below the form: every video, its state, its conversion, kept up to date.

import { ended } from "../../core/jobs.js";
import { followJobs } from "../../edges/jobs.js";
import { fetchLibrary } from "../../edges/library.js";
import { after } from "../../edges/now.js";
import { copyOf, find, setPressed, setText } from "../dom.js";
import { countText } from "../format.js";
import { scope } from "../scope.js";
import { renderRow } from "./library_row.js";
import { endText } from "./library_words.js";
import { retryIn } from "./row_job.js";
import { sendTextsFrom } from "./row_texts.js";
import { mountRowPreviews } from "./row_preview.js";

/** @import { Job, Jobs } from "../../core/jobs.js" */
/** @import { LibraryVideo, Listing } from "../../edges/library.js" */

const REFRESH_AFTER_MS = 4_000;
/** A large library is asked for less often: its listing is sent whole. */
const REFRESH_AFTER_MS_PER_VIDEO = 8;
const REFRESH_AFTER_MAX_MS = 60_000;
const PAGE_ROWS = 100;
/** A hundred that end at once need not all be read out. */
const SAID_MAX = 3;

/**
 * @param {Document} page
 * @param {{ signal: AbortSignal, serverNow: () => number, onListing: (listing: Listing) => void }} parts
 */
export function mountLibraryList(page, { signal: parent, serverNow, onListing }) {
  const { signal, close } = scope(parent);
  const list = find(page, "[data-library-list]");
  const note = find(page, "[data-library-note]");
  const filters = find(page, "[data-filters]");
  const more = find(page, "[data-more]");
  const announcer = find(page, "[data-announcer]");
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  /** @type {Listing | null} */
  let listing = null;
  /** @type {Jobs | null} */
  let jobs = null;
  let filter = "all";
  let rowsMax = PAGE_ROWS;
  /** @type {Promise<void> | null} */
  let asking = null;
  /** What is on its way may be older than what asks for it. */
  let askAgain = false;
  let cancelNext = () => {};

  /** Asks once at a time, and again after a while. */
  function refresh() {
    cancelNext();
    askAgain = asking !== null;
    asking ??= ask().finally(() => {
      asking = null;
      if (askAgain) void refresh();
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
    const { videos } = listing;
    const chosen = videos.filter(({ state }) => filter === "all" || state === filter);
    filters.hidden = videos.length === 0;
    for (const button of filters.querySelectorAll("button")) {
      const kind = button.dataset.filter;
      const count = kind === "all" ? videos.length : videos.filter(({ state }) => state === kind).length;
      setPressed(button, kind === filter);
      setText(find(button, "[data-count]"), countText(count));
    }
    setText(note, noteFor(videos.length, chosen.length));
    renderRows(chosen.slice(0, rowsMax));
    more.hidden = chosen.length <= rowsMax;
  }

  /** Rows are kept by video, so that nothing a person reads or selects is replaced. @param {LibraryVideo[]} videos */
  function renderRows(videos) {
    const nowMs = serverNow();
    /** @type {Map<string, Job>} */
    const jobOf = new Map(jobs?.jobs.map((job) => [job.video, job]));
    const wanted = new Set(videos.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (wanted.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    for (const [place, video] of videos.entries()) {
      const row = rows.get(video.id) ?? copyOf(page, "[data-library-row]");
      rows.set(video.id, row);
      renderRow(row, { video, job: jobOf.get(video.id) ?? null, nowMs });
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    }
  }

  /** @param {Jobs} now */
  function hear(now) {
    const over = ended(jobs, now);
    jobs = now;
    render();
    if (over.length === 0) return;
    void refresh();
    setText(announcer, over.slice(0, SAID_MAX).map((end) => endText(end, listing?.videos.find(({ id }) => id === end.video)?.title)).join(" "));
  }

  list.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-job-retry]") : null;
    for (const [id, row] of rows) if (button && row.contains(button)) void retryIn(row, id, signal);
  }, { signal });
  list.addEventListener("change", ({ target }) => {
    for (const [id, row] of rows) if (target instanceof HTMLInputElement && row.contains(target)) void sendTextsFrom(row, id, signal);
  }, { signal });
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
  mountRowPreviews(list, { signal });
  followJobs({ onJobs: hear, signal });
  void refresh();
  return { close, refresh };
}

/** @param {number} all @param {number} chosen */
function noteFor(all, chosen) {
  if (all === 0) return "The shelves are empty. The first video starts the channel.";
  return chosen === 0 ? "None at the moment." : "";
}
