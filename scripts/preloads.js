// Which modules each page asks for early. Run it after adding an import: `node scripts/preloads.js` rewrites
// browser/preload_*.html.tera; tests/browser/unit/page_assets.test.js says when that was forgotten.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const BROWSER = fileURLToPath(new URL("../browser/", import.meta.url));
export const ENTRIES = ["channel", "ambient", "embed", "guide", "upload"];

const STATIC_IMPORT = /^(?:import|export)\b[^;]*?from\s+"(\.[^"]+)"/gm;
const DYNAMIC_IMPORT = /\bimport\("(\.[^"]+)"\)/g;

/** @param {string} file @param {RegExp} pattern @returns {string[]} the modules `file` names, relative to browser/ */
function named(file, pattern) {
  const text = readFileSync(join(BROWSER, file), "utf8");
  return [...text.matchAll(pattern)].map(([, path]) => relative(BROWSER, join(BROWSER, dirname(file), path ?? "")));
}

/**
 * The modules a page's script imports, nearest first: at once, and later by `import()`.
 * @param {string} entry
 */
export function modulesOf(entry) {
  const start = `js/pages/${entry}.js`;
  const atOnce = [start];
  for (const file of atOnce) atOnce.push(...new Set(named(file, STATIC_IMPORT).filter((module) => !atOnce.includes(module))));
  const later = named(start, DYNAMIC_IMPORT);
  const isNew = (/** @type {string} */ module) => !atOnce.includes(module) && !later.includes(module);
  for (const file of later) later.push(...new Set(named(file, STATIC_IMPORT).filter(isNew)));
  return { atOnce: atOnce.slice(1), later };
}

/** @param {string} entry */
export const partialPath = (entry) => join(BROWSER, `preload_${entry}.html.tera`);

/** @param {string} entry */
export function partial(entry) {
  const { atOnce, later } = modulesOf(entry);
  const link = (/** @type {string} */ module, attributes = "") =>
    `<link rel="modulepreload" href="{{ assets | safe }}/${module}"${attributes}>`;
  const links = [...atOnce.map((module) => link(module)), ...later.map((module) => link(module, ' fetchpriority="low"'))];
  return `{#- Written by scripts/preloads.js. -#}\n${links.join("\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const entry of ENTRIES.filter((name) => existsSync(join(BROWSER, `js/pages/${name}.js`)))) {
    writeFileSync(partialPath(entry), partial(entry));
  }
}
