// The main page: the picture first; the controls, which nobody can use before, come after.

import { createChannel } from "../edges/channel.js";
import { createPlayer } from "../ui/player.js";

const { signal } = new AbortController();
const channel = createChannel({ signal });
const root = /** @type {HTMLElement} */ (document.querySelector("[data-player]"));
const player = createPlayer({ root, channel, signal });

const { mountChannelPage } = await import("../ui/channel_page.js");
mountChannelPage(document, { channel, player, signal });
