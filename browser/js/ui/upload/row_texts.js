// Subtitles added to a video of the library, by the button in its row.

import { sendSubtitles } from "../../edges/subtitles.js";
import { find, setText } from "../dom.js";

const FILES_MAX = 20;

/**
 * Sends what was chosen in a row, one file after the other; what becomes of it is told with the conversions.
 * @param {HTMLElement} row
 * @param {string} id
 * @param {AbortSignal} signal
 */
export async function sendTextsFrom(row, id, signal) {
  const input = /** @type {HTMLInputElement} */ (find(row, "[data-texts]"));
  const note = find(row, "[data-texts-note]");
  const files = [...(input.files ?? [])].slice(0, FILES_MAX);
  input.value = ""; // the same file may be chosen again
  /** @type {string[]} */
  const said = [];
  for (const file of files) {
    setText(note, `Sending “${file.name}” …`);
    try {
      await sendSubtitles(id, file, signal);
      said.push(`“${file.name}” is taken, and there from a later airing on.`);
    } catch (error) {
      if (signal.aborted) return;
      said.push(`“${file.name}”: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  setText(note, said.join(" "));
}
