// nginx with nchan, as its documentation has it for events, with one worker: the least it can cost.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "../../tests/browser/support/port.js";

const NGINX = existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";
const READY_LIMIT_MS = 10_000;

/** As long as an event of OnAir's about votes. */
const DATA = JSON.stringify({ id: "k3v9x0q2m4t8w1zr", likes: 4, dislikes: 0 });

/** @param {number} port */
const configuration = (port) => `
load_module ${MODULE};
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid nginx.pid;
events { worker_connections 65536; }
http {
    access_log off;
    ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`).join("\n    ")}
    nchan_message_buffer_length 16;
    server {
        listen 127.0.0.1:${port} backlog=4096;
        location = /publish { nchan_publisher; nchan_channel_id main; }
        location = /events { nchan_subscriber eventsource; nchan_channel_id main; nchan_eventsource_ping_interval 15; }
    }
}
`;

/** Also the processes it started. @param {number} pid */
const withChildren = (pid) => [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)];

/** @returns {Promise<import("./onair.js").Server>} */
export async function startNchan() {
  const [folder, port] = [mkdtempSync(join(tmpdir(), "onair-nchan-")), await freePort()];
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(port));
  const nginx = spawn(NGINX, ["-p", folder, "-c", file, "-e", "error.log"], { stdio: "inherit" });
  const ended = new Promise((resolve) => nginx.once("exit", resolve));
  const publish = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/publish`, { method: "POST", headers: { "x-eventsource-event": "votes" }, body: DATA });
    if (!answer.ok) throw new Error(`nchan answered ${answer.status}`);
    await answer.body?.cancel();
  };
  const limit = performance.now() + READY_LIMIT_MS;
  // The first message is what newcomers get at once.
  while (!(await publish().then(() => true, () => false))) {
    if (performance.now() > limit || nginx.exitCode !== null) throw new Error("nginx with nchan did not start; see its words above");
    await sleep(50);
  }
  return {
    name: "nchan",
    address: `127.0.0.1:${port}`,
    path: "/events",
    pids: () => withChildren(nginx.pid ?? 0),
    needle: () => "event: votes",
    publish,
    async stop() {
      nginx.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
