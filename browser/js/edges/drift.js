// Tells the server how far this screen's picture was from the schedule; nothing depends on whether it hears it.

/**
 * @param {{ deck: "file" | "stream", errors_ms: ReadonlyArray<number> }} report
 */
export function sendDrift(report) {
  const body = JSON.stringify(report);
  // It may be the last thing this page does.
  fetch("/drift", { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: true }).catch(() => {});
}
