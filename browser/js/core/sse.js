// text/event-stream, parsed by hand (HTML Standard §9.2.6): unlike EventSource this lets us send
// Last-Event-ID from a new connection, see keep-alive comments, and bound what one event may hold.

const LINE_MAX = 1 << 20;
const DATA_MAX = 1 << 20;

/** @typedef {Readonly<{ type: string, data: string }>} StreamEvent */

export class SseParser {
  #pending = "";
  #type = "";
  /** @type {string[]} */
  #data = [];
  #dataSize = 0;
  /** The id to send as Last-Event-ID when reconnecting; empty when there is none. */
  lastEventId = "";

  /**
   * Takes the next piece of text and returns the events it completes.
   * @param {string} piece
   * @returns {StreamEvent[]}
   * @throws {RangeError} when a line or an event outgrows its bound
   */
  push(piece) {
    this.#pending += piece;
    const lines = this.#pending.split(/\r\n|\n|\r(?!$)/);
    this.#pending = lines.pop() ?? "";
    if (this.#pending.length > LINE_MAX) throw new RangeError("an event stream line is too long");
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  /** @param {string} line @returns {StreamEvent | null} */
  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null; // a comment keeps the connection alive
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.lastEventId = value;
    else if (field === "data") {
      this.#dataSize += value.length;
      if (this.#dataSize > DATA_MAX) throw new RangeError("an event's data is too long");
      this.#data.push(value);
    }
    return null;
  }

  /** @returns {StreamEvent | null} */
  #dispatch() {
    const event = this.#data.length > 0 ? { type: this.#type || "message", data: this.#data.join("\n") } : null;
    this.#type = "";
    this.#data = [];
    this.#dataSize = 0;
    return event;
  }
}
