// The upload page: the form, and the library below it.

import { localNowMs } from "../edges/now.js";
import { canSend } from "../edges/upload.js";
import { mountUploadForm } from "../ui/upload/form.js";
import { mountLibraryList } from "../ui/upload/library_list.js";
import { find, setText } from "../ui/dom.js";
import { limitText } from "../ui/format.js";

const { signal } = new AbortController();
/** Server time minus this page's own clock, from the last listing: near enough for "at 20:15". */
let offsetMs = NaN;

const serverNow = () => localNowMs() + (Number.isNaN(offsetMs) ? 0 : offsetMs);
const library = mountLibraryList(document, {
  signal,
  serverNow,
  onListing: ({ server_time_ms }) => {
    if (server_time_ms !== null) offsetMs = server_time_ms - localNowMs();
  },
});
// Without it the form sends itself, as it does without any script.
if (canSend()) {
  mountUploadForm(document, {
    signal,
    serverNow,
    onDone: () => void library.refresh(),
  });
}

const limit = document.querySelector("[data-limit]");
if (limit) setText(limit, limitText(Number(find(document, "[data-upload]").dataset.maxBytes)));
