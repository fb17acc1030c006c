// The main page: every component gets the channel, the player and a lifetime; none knows another.

import { mountAnnouncer } from "./announcer.js";
import { mountCaptions } from "./captions.js";
import { find } from "./dom.js";
import { mountDriftReport } from "./drift_report.js";
import { mountFullscreen } from "./fullscreen.js";
import { mountGrace } from "./grace.js";
import { mountHelp } from "./help.js";
import { mountKeys } from "./keys.js";
import { mountLater } from "./later.js";
import { mountNowPlaying } from "./now_playing.js";
import { mountOsd } from "./osd.js";
import { mountPictureInPicture } from "./picture_in_picture.js";
import { scope } from "./scope.js";
import { mountSlates } from "./slates.js";
import { mountSound } from "./sound.js";
import { mountSyncBadge } from "./sync_badge.js";
import { mountTheatre } from "./theatre.js";
import { createTicker } from "./ticker.js";
import { mountUpNext } from "./up_next.js";
import { mountViewers } from "./viewers.js";
import { mountVotes } from "./votes.js";

/** @import { PageParts } from "./parts.js" */

/**
 * @param {ParentNode} page
 * @param {Pick<PageParts, "channel" | "player" | "signal">} given
 */
export function mountChannelPage(page, { channel, player, signal: parent }) {
  const { signal, close } = scope(parent);
  const root = find(page, "[data-channel]");
  const parts = { channel, player, ticker: createTicker(signal), osd: mountOsd(root, { signal }), signal };

  mountNowPlaying(root, parts);
  mountUpNext(root, parts);
  mountLater(root, parts);
  mountVotes(root, parts);
  mountViewers(root, parts);
  mountSyncBadge(root, parts);
  mountSlates(root, parts);
  mountPictureInPicture(root, parts);
  mountDriftReport(parts);
  const { say } = mountAnnouncer(page, parts);
  const sound = mountSound(root, parts);
  const captions = mountCaptions(root, { ...parts, announce: say });
  const grace = mountGrace(root, { ...parts, announce: say });
  const theatre = mountTheatre(root, parts);
  const fullscreen = mountFullscreen(root, parts);
  const help = mountHelp(page, parts);

  mountKeys({
    f: { press: fullscreen.toggle },
    m: { press: sound.toggle },
    t: { press: theatre.toggle },
    c: { press: captions.cycle },
    p: { press: grace.toggle },
    l: { press: grace.goLive },
    ArrowLeft: { press: grace.rewind, repeats: true },
    ArrowRight: { press: grace.forward, repeats: true },
    ArrowUp: { press: sound.louder, repeats: true },
    ArrowDown: { press: sound.softer, repeats: true },
    "?": { press: help.toggle },
  }, { signal, isListening: (key) => (help.keysAreOn() || key.startsWith("Arrow")) && (!help.isOpen() || key === "?") });
  return { close };
}
