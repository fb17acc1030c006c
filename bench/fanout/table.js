// Figures side by side, and each as a ratio to the one they are compared with.

/** @typedef {{ server: string, viewers: number, missing: number } & Record<string, number | string>} Row */

const FIGURES = [
  ["memory_kb", "KB a viewer"],
  ["cpu_us", "µs an event"],
  ["p50_ms", "p50 ms"],
  ["p99_ms", "p99 ms"],
  ["last_ms", "last ms"],
  ["storm_s", "all in, s"],
];

/** @param {Row[]} rows @param {string} against the server that is 1 */
export function table(rows, against) {
  const lines = [["", "viewers", ...FIGURES.map(([, title]) => title), "without"]];
  for (const row of rows) {
    const other = rows.find(({ server, viewers }) => server === against && viewers === row.viewers) ?? row;
    const figure = (/** @type {string} */ key) => {
      const [own, theirs] = [Number(row[key]), Number(other[key])];
      return row === other ? own.toFixed(2) : `${own.toFixed(2)} (${(own / theirs).toFixed(2)}×)`;
    };
    lines.push([row.server, String(row.viewers), ...FIGURES.map(([key]) => figure(key)), String(row.missing)]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}
