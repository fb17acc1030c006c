// The figures beside their targets; a miss is printed as plainly as a hit.

/**
 * @typedef {Readonly<{ name: string, value: number, unit: string, digits: number, target?: number, at_least?: boolean }>} Figure
 */

/** @param {Figure} figure */
export const isHit = ({ value, target, at_least = false }) =>
  target === undefined || (at_least ? value >= target : value <= target);

/** @param {ReadonlyArray<Figure>} figures @returns {string} */
export function table(figures) {
  const rows = figures.map((figure) => {
    const { name, value, unit, digits, target, at_least } = figure;
    const wanted = target === undefined ? "" : `${at_least ? "≥" : "≤"} ${target} ${unit}`;
    const verdict = target === undefined ? "" : isHit(figure) ? "hit" : "MISS";
    return [name, `${value.toFixed(digits)} ${unit}`, wanted, verdict];
  });
  rows.unshift(["", "measured", "target", ""]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map(([name, value, wanted, verdict]) =>
      `  ${name.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${wanted.padEnd(widths[2])}  ${verdict}`.trimEnd(),
    )
    .join("\n");
}
