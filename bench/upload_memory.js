// Memory of the station while a large video is uploaded. Target: at most 32 MB above idle.
// UPLOAD_BYTES sets the size (4 GiB unless told); the disk needs as much free space again.
import { closeSync, copyFileSync, createReadStream, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Station } from "../tests/browser/support/station.js";
import { memoryKb } from "./process.js";

const UPLOAD_BYTES = Number(process.env.UPLOAD_BYTES ?? 4 * 1024 ** 3);
const TARGET_MB = 32;
const BOUNDARY = "onair-bench-boundary";

/** A real video, followed by an MP4 box that says "skip me" and is as long as wanted. */
function makeLargeVideo(file) {
  copyFileSync("static/A station wakes.mp4", file);
  const size = statSync(file).size;
  const header = Buffer.alloc(16);
  header.writeUInt32BE(1, 0); // the length stands in 64 bits after the name
  header.write("free", 4);
  header.writeBigUInt64BE(BigInt(UPLOAD_BYTES - size), 8);
  const handle = openSync(file, "r+");
  writeSync(handle, header, 0, header.length, size);
  closeSync(handle);
  truncateSync(file, UPLOAD_BYTES);
}

async function upload(url, file) {
  const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="video"; filename="large.mp4"\r\ncontent-type: video/mp4\r\n\r\n`;
  const tail = `\r\n--${BOUNDARY}--\r\n`;
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
      "content-length": Buffer.byteLength(head) + UPLOAD_BYTES + Buffer.byteLength(tail),
    };
    const sending = request(`${url}/uploads`, { method: "POST", headers }, (answer) => {
      let body = "";
      answer.on("data", (chunk) => (body += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, body }));
    });
    sending.on("error", reject);
    sending.write(head);
    const bytes = createReadStream(file, { highWaterMark: 1 << 20 });
    bytes.on("error", reject);
    bytes.on("end", () => sending.end(tail));
    bytes.pipe(sending, { end: false });
  });
}

const station = await Station.start({ environment: { ONAIR_MIN_FREE_BYTES: "0" } });
const folder = mkdtempSync(join(tmpdir(), "onair-large-"));
const file = join(folder, "large.mp4");
try {
  makeLargeVideo(file);
  await sleep(2_000);
  const idleKb = memoryKb(station.pid, "VmRSS");
  writeFileSync(`/proc/${station.pid}/clear_refs`, "5"); // the peak (VmHWM) is counted from here
  const began = performance.now();
  const { status, body } = await upload(station.url, file);
  const tookS = (performance.now() - began) / 1000;
  const aboveMb = (memoryKb(station.pid, "VmHWM") - idleKb) / 1024;
  console.log(`An upload of ${(UPLOAD_BYTES / 1024 ** 3).toFixed(2)} GiB in ${tookS.toFixed(1)} s: answer ${status}; ` +
    `idle ${(idleKb / 1024).toFixed(1)} MB, peak ${aboveMb.toFixed(1)} MB above it; target ≤ ${TARGET_MB} MB`);
  if (status !== 201) console.log(body);
  process.exitCode = status === 201 && aboveMb <= TARGET_MB ? 0 : 1;
} finally {
  await station.stop();
  rmSync(folder, { recursive: true });
}
