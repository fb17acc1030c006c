// Choosing and dropping files, and the list of what is on its way.

import { find, setText } from "../dom.js";
import { scope } from "../scope.js";
import { createItem } from "./item.js";
import { mountHalfSent } from "./half_sent.js";
import { UploadQueue } from "./queue.js";

/** @import { Uploaded } from "../../edges/upload.js" */

/** More rows than these help nobody; the oldest finished ones go. */
const ITEMS_MAX = 200;

/**
 * @param {Document} page
 * @param {{ signal: AbortSignal, serverNow: () => number, onDone: (uploaded: Uploaded) => void }} parts
 */
export function mountUploadForm(page, { signal: parent, serverNow, onDone }) {
  const { signal, close } = scope(parent);
  const { maxBytes, endings, direct } = find(page, "[data-upload]").dataset;
  const limits = Object.freeze({ maxBytes: Number(maxBytes) || 0, endings: endings?.split(" ") ?? [], direct: direct !== undefined });
  const form = find(page, "[data-drop]");
  const files = /** @type {HTMLInputElement} */ (find(page, "[data-files]"));
  const title = /** @type {HTMLInputElement} */ (find(page, "[data-title]"));
  const section = find(page, "[data-queue]");
  const list = find(page, "[data-queue-list]");
  const announcer = find(page, "[data-announcer]");
  const queue = new UploadQueue();
  const halfSent = mountHalfSent(page, { signal, list, onChange: showSection });
  const announce = (/** @type {string} */ sentence) => setText(announcer, sentence);

  /** @param {File[]} chosen */
  function take(chosen) {
    const typed = chosen.length === 1 ? title.value.trim() : "";
    if (typed) title.value = "";
    for (const file of chosen) {
      const item = createItem({ file, title: typed }, { page, queue, limits, signal, serverNow, onDone, announce });
      halfSent.taken(file);
      list.append(item.element);
      item.begin();
    }
    showSection();
    forgetOldest();
  }

  function showSection() {
    section.hidden = list.children.length === 0;
  }

  function forgetOldest() {
    for (const item of list.querySelectorAll(":scope > [data-state=done]")) {
      if (list.children.length <= ITEMS_MAX) return;
      item.remove();
    }
  }

  files.addEventListener("change", () => {
    take([...(files.files ?? [])]);
    files.value = ""; // the same file may be chosen again
  }, { signal });
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });
  globalThis.addEventListener("beforeunload", (event) => {
    if (queue.isBusy) event.preventDefault();
  }, { signal });
  mountDropping(page, { signal, take });
  return { close };
}

/**
 * Files may be dropped anywhere on the page.
 * @param {Document} page
 * @param {{ signal: AbortSignal, take: (files: File[]) => void }} parts
 */
function mountDropping(page, { signal, take }) {
  const veil = find(page, "[data-veil]");
  let depth = 0; // enter and leave come for every element on the way
  const carriesFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const show = () => {
    veil.hidden = depth === 0;
  };

  page.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    show();
  }, { signal });
  page.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth = Math.max(0, depth - 1);
    show();
  }, { signal });
  page.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  }, { signal });
  page.addEventListener("drop", (event) => {
    depth = 0;
    show();
    if (!carriesFiles(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  }, { signal });
}
