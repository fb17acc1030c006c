// The player alone: sound, captions and full screen; whoever wants more follows the link to the station.

import { mountAnnouncer } from "./announcer.js";
import { mountCaptions } from "./captions.js";
import { find } from "./dom.js";
import { mountFullscreen } from "./fullscreen.js";
import { mountKeys } from "./keys.js";
import { mountNowPlaying } from "./now_playing.js";
import { mountOsd } from "./osd.js";
import { scope } from "./scope.js";
import { mountSlates } from "./slates.js";
import { mountSound } from "./sound.js";
import { createTicker } from "./ticker.js";

/** @import { PageParts } from "./parts.js" */

/**
 * @param {ParentNode} page
 * @param {Pick<PageParts, "channel" | "player" | "signal">} given
 */
export function mountEmbedPage(page, { channel, player, signal: parent }) {
  const { signal, close } = scope(parent);
  const root = find(page, "[data-channel]");
  const parts = { channel, player, ticker: createTicker(signal), osd: mountOsd(root, { signal }), signal };

  mountNowPlaying(root, parts);
  mountSlates(root, parts);
  const { say } = mountAnnouncer(page, parts);
  const sound = mountSound(root, parts);
  const captions = mountCaptions(root, { ...parts, announce: say });
  const fullscreen = mountFullscreen(root, parts);

  mountKeys({
    f: { press: fullscreen.toggle },
    m: { press: sound.toggle },
    c: { press: captions.cycle },
    ArrowUp: { press: sound.louder, repeats: true },
    ArrowDown: { press: sound.softer, repeats: true },
  }, { signal, isListening: () => true });
  return { close };
}
