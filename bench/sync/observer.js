// What the server says is on, learnt without any of the page's code: the yardstick for "the right frame". All
// times are on this machine's monotonic clock, in milliseconds.

const CLOCK_EXCHANGES = 40;

/** This machine's monotonic clock, which Chromium uses too. */
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

/**
 * Server time minus monotonic time, from the exchange with the shortest round trip.
 * @param {string} url
 */
export async function clockOffset(url) {
  let best = { trip_ms: Infinity, offset_ms: 0 };
  for (let done = 0; done < CLOCK_EXCHANGES; done += 1) {
    const sentMs = monotonicMs();
    const answer = await fetch(`${url}/clock`);
    const trip_ms = monotonicMs() - sentMs;
    const { received_ms, sent_ms } = await answer.json();
    if (trip_ms < best.trip_ms) best = { trip_ms, offset_ms: (received_ms + sent_ms) / 2 - (sentMs + trip_ms / 2) };
  }
  return best;
}

/** Follows the stream and keeps every airing it announces. */
export class Observer {
  /** @type {Map<number, import("./analyse.js").Airing>} */
  #airings = new Map();
  #closing = new AbortController();

  /** @type {Array<{ clip: number, duration_ms: number }>} */
  #order = [];
  #offsetMs = 0;

  /** Starts following. @param {string} url @param {number} offsetMs server time minus monotonic time */
  static async open(url, offsetMs) {
    const observer = new Observer();
    observer.#offsetMs = offsetMs;
    const { videos } = await fetch(`${url}/videos`).then((answer) => answer.json());
    observer.#order = videos.map((/** @type {any} */ video) => ({ clip: clipOf(video), duration_ms: video.duration_ms }));
    observer.ended = observer.#follow(url).catch(() => {}); // it ends with the server or by close()
    return observer;
  }

  /** @type {Promise<void>} */
  ended = Promise.resolve();

  /** In order, on the monotonic clock. */
  get airings() {
    return [...this.#airings.values()].sort((a, b) => a.from_ms - b.from_ms);
  }

  close() {
    this.#closing.abort();
  }

  /**
   * What will be on after the last announced airing if nobody edits the channel: for a time without the server.
   * @param {number} untilMs
   */
  foresee(untilMs) {
    for (let last = this.airings.at(-1); last && last.to_ms < untilMs; last = this.airings.at(-1)) {
      const clip = this.#order[(this.#order.findIndex((one) => one.clip === last.clip) + 1) % this.#order.length];
      this.#airings.set(Math.round(last.to_ms + this.#offsetMs), { clip: clip.clip, from_ms: last.to_ms, to_ms: last.to_ms + clip.duration_ms });
    }
  }

  /** @param {string} url */
  async #follow(url) {
    const answer = await fetch(`${url}/video-updates`, { signal: this.#closing.signal });
    let text = "";
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#read(block);
    }
  }

  /** @param {string} block */
  #read(block) {
    if (!/^event: ?on-air$/m.test(block)) return;
    const { current, next } = JSON.parse(block.match(/^data: ?(.*)$/m)?.[1] ?? "null");
    for (const item of [current, next]) {
      if (!item) continue;
      const from_ms = item.started_at_ms - this.#offsetMs;
      this.#airings.set(item.started_at_ms, { clip: clipOf(item), from_ms, to_ms: from_ms + item.duration_ms });
    }
  }
}

/** A clip is known by its file's name, or by the title that was made of it. @param {{ url: string, title: string }} video */
const clipOf = ({ url, title }) => Number(/clip.(\d+)/i.exec(`${title} ${url}`)?.[1]);
