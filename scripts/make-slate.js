// make slate: the still picture that the stream shows where it has no programme, as src/media/slate.mp4.
//
// One frame of H.264 of good quality; the station encodes it to its house format by itself. It has no words, as
// it is shown in every language, and for a moment as well as for a night.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchChromium } from "../tests/browser/support/chromium.js";

const SIZE = { width: 1920, height: 1080 };
const BARS = ["#e6e0d2", "#e3b53c", "#41a9b5", "#56a36b", "#a4599e", "#d9452f", "#34549b"];
/** The lamp is out: nothing is on. */
const mark = readFileSync(new URL("../browser/icons/icon.svg", import.meta.url), "utf8").replace("#ff5647", "#5c2a26");
const page = `<!doctype html><style>
  body { margin: 0; height: 100vh; display: grid; place-items: center; background: radial-gradient(120% 130% at 50% -10%, #23272e 0%, #131519 55%, #0b0c0e 100%); }
  .bars { position: absolute; inset: 0 0 auto; height: 12px; display: flex; }
  .bars i { flex: 1; }
  svg { width: 300px; }
</style><div class="bars">${BARS.map((colour) => `<i style="background: ${colour}"></i>`).join("")}</div>${mark}`;

const folder = mkdtempSync(join(tmpdir(), "onair-slate-"));
const browser = await launchChromium();
try {
  const tab = await browser.newPage({ viewport: SIZE });
  await tab.setContent(page);
  const picture = join(folder, "slate.png");
  writeFileSync(picture, await tab.screenshot());
  const colours = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709";
  execFileSync("ffmpeg", [
    ...["-nostdin", "-v", "error", "-y", "-framerate", "25", "-i", picture, "-frames:v", "1", "-vf", colours],
    ...["-c:v", "libx264", "-preset", "veryslow", "-tune", "stillimage", "-crf", "12", "-map_metadata", "-1", "-fflags", "+bitexact", "src/media/slate.mp4"],
  ]);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
