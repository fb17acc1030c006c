// The player in a frame of another site's page: the picture first, then its few controls.

import { createChannel } from "../edges/channel.js";
import { createPlayer } from "../ui/player.js";

const { signal } = new AbortController();
const channel = createChannel({ signal });
const root = /** @type {HTMLElement} */ (document.querySelector("[data-player]"));
const player = createPlayer({ root, channel, signal });

const { mountEmbedPage } = await import("../ui/embed_page.js");
mountEmbedPage(document, { channel, player, signal });
