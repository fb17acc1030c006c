// The guide: what is on, next, tonight and in the days ahead.

import { createChannel } from "../edges/channel.js";
import { mountGuidePage } from "../ui/guide/page.js";

const { signal } = new AbortController();
mountGuidePage(document, { channel: createChannel({ signal, watching: false }), signal });
