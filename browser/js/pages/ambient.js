// The ambient screen: the picture first, then a watchdog and the little there is around it.

import { createChannel } from "../edges/channel.js";
import { createPlayer } from "../ui/player.js";

const { signal } = new AbortController();
const channel = createChannel({ signal });
const root = /** @type {HTMLElement} */ (document.querySelector("[data-player]"));
const player = createPlayer({ root, channel, signal });

const [{ mountAmbientPage }, { mountWatchdog }] = await Promise.all([
  import("../ui/ambient_page.js"),
  import("../ui/watchdog.js"),
]);
mountWatchdog({ player, channel, signal });
mountAmbientPage(document, { channel, player, signal });
