// What was left half-sent when the page was closed: shown, so that its file is chosen again and goes on.

import { receivedShare, removeUpload } from "../../edges/upload.js";
import { forgetUpload, halfSent, isSentElsewhere } from "../../edges/upload_memory.js";
import { copyOf, find, setAttribute, setText } from "../dom.js";
import { halfSentText } from "./words.js";

/** @import { HalfSent } from "../../edges/upload_memory.js" */

/**
 * @param {Document} page
 * @param {{ signal: AbortSignal, list: HTMLElement, onChange: () => void }} parts
 * @returns {{ taken: (file: File) => void }} `taken` hears of every file that is sent, and takes its row away
 */
export function mountHalfSent(page, { signal, list, onChange }) {
  /** @type {Map<HTMLElement, HalfSent>} */
  const rows = new Map();

  /** @param {HalfSent} entry */
  async function offer(entry) {
    if (await isSentElsewhere(entry.url)) return;
    const share = await receivedShare(entry.url, signal);
    if (share === null) forgetUpload(entry.url);
    else addRow(entry, share);
  }

  /** @param {HalfSent} entry @param {number} share */
  function addRow(entry, share) {
    const row = copyOf(page, "[data-upload-item]");
    const name = entry.title || entry.name;
    const progress = /** @type {HTMLProgressElement} */ (find(row, "[data-progress]"));
    setAttribute(row, "data-state", "half-sent");
    setText(find(row, "[data-name]"), name);
    setText(find(row, "[data-status]"), halfSentText(share));
    setText(find(row, "[data-cancel-label]"), `Throw away what was sent of ${name}`);
    setAttribute(progress, "aria-label", `Progress of ${name}`);
    progress.value = share;
    find(row, "[data-cancel]").addEventListener("click", () => {
      void removeUpload(entry.url);
      leave(row);
      find(page, "[data-files]").focus();
    }, { signal });
    rows.set(row, entry);
    list.prepend(row);
    onChange();
  }

  /** @param {HTMLElement} row */
  function leave(row) {
    rows.delete(row);
    row.remove();
    onChange();
  }

  // A station that does not answer now will do so when the file is chosen.
  for (const entry of halfSent()) void offer(entry).catch(() => {});

  return {
    taken(file) {
      for (const [row, { name, size, modified }] of rows) {
        if (file.name.startsWith(name) && file.size === size && file.lastModified === modified) leave(row);
      }
    },
  };
}
