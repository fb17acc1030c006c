// A real S3 server for the pages' tests; with CORS, which it lacks, by a real nginx before it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./port.js";

const PROGRAM = fileURLToPath(new URL("../../../.tools/bin/s3s-fs", import.meta.url));
const BUCKET = "films";
const KEYS = ["onair-tests", "not-a-secret-at-all"];
const READY_LIMIT_MS = 20_000;

/** Everything a page may need of the rules of a bucket. */
const corsRules = (/** @type {number} */ port, /** @type {string} */ behind) => `
daemon off; master_process off; pid nginx.pid; events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`).join(" ")}
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    add_header Access-Control-Allow-Origin $http_origin always;
    add_header Access-Control-Allow-Methods "GET, PUT" always;
    add_header Access-Control-Expose-Headers ETag always;
    location / {
      if ($request_method = OPTIONS) { return 204; }
      proxy_set_header Host $http_host;
      proxy_request_buffering off;
      proxy_http_version 1.1;
      proxy_pass ${behind};
    }
  }
}`;

/** @param {{ cors: boolean }} options */
export async function startBucket({ cors }) {
  if (!existsSync(PROGRAM)) throw new Error("the S3 server is missing: run scripts/install-s3-server.sh (make test does)");
  const directory = await mkdtemp(join(tmpdir(), "onair-bucket-"));
  await mkdir(join(directory, "objects", BUCKET), { recursive: true });
  const server = spawn(
    PROGRAM,
    ["--host", "127.0.0.1", "--port", "0", "--access-key", String(KEYS[0]), "--secret-key", String(KEYS[1]), join(directory, "objects")],
    { env: { RUST_LOG: "s3s_fs=info" }, stdio: ["ignore", "pipe", "ignore"] },
  );
  const own = await addressOf(server);
  const proxy = cors ? await startNginx(directory, own) : null;
  return {
    /** Where the server keeps the objects, as plain files. */
    objectsDir: join(directory, "objects", BUCKET),
    endpoint: proxy?.address ?? own,
    environment: {
      S3_BUCKET_NAME: BUCKET,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: String(KEYS[0]),
      AWS_SECRET_ACCESS_KEY: String(KEYS[1]),
      AWS_ENDPOINT_URL: proxy?.address ?? own,
    },
    async stop() {
      for (const child of [server, proxy?.process]) {
        if (!child || child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @param {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, null>} server */
async function addressOf(server) {
  let said = "";
  for await (const piece of server.stdout) {
    said += piece;
    const [, address] = /running at (http\S+)/.exec(said) ?? [];
    if (address) {
      server.stdout.resume();
      return address.replace(/\/$/, "");
    }
  }
  throw new Error(`the S3 server ended before it listened:\n${said}`);
}

/** @param {string} directory @param {string} behind */
async function startNginx(directory, behind) {
  const port = await freePort();
  const file = join(directory, "nginx.conf");
  await writeFile(file, corsRules(port, behind));
  const program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"].find((path) => existsSync(path)) ?? "nginx";
  const process_ = spawn(program, ["-p", directory, "-c", file, "-e", "error.log"], { stdio: "ignore" });
  const address = `http://127.0.0.1:${port}`;
  const limit = performance.now() + READY_LIMIT_MS;
  while (performance.now() < limit) {
    if (await fetch(address).then(() => true, () => false)) return { process: process_, address };
    await new Promise((then) => setTimeout(then, 20));
  }
  throw new Error("nginx does not listen");
}
