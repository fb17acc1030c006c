// What the templates ask for must exist, and be asked for early: every module a page imports is preloaded.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ENTRIES, partial, partialPath } from "../../../scripts/preloads.js";

const BROWSER = fileURLToPath(new URL("../../../browser/", import.meta.url));
const read = (/** @type {string} */ name) => readFileSync(join(BROWSER, name), "utf8");
const templates = readdirSync(BROWSER).filter((name) => name.endsWith(".html.tera"));

for (const entry of ENTRIES) {
  test(`the ${entry} page preloads what it imports, no more and no less`, () => {
    assert.equal(readFileSync(partialPath(entry), "utf8"), partial(entry), "run `node scripts/preloads.js`");
  });
}

test("no template carries a style, a script or a handler of its own: the policy would refuse it", () => {
  for (const name of templates) {
    const text = read(name).replaceAll(/\{#[\s\S]*?#\}/g, "");
    assert.doesNotMatch(text, /\sstyle=/, name);
    assert.doesNotMatch(text, /<style/, name);
    assert.doesNotMatch(text, /\son[a-z]+=/, name);
    assert.doesNotMatch(text, /(?:src|href|action)="https?:/, name);
    for (const [script] of text.matchAll(/<script[^>]*>/g)) assert.match(script, /type="application\/json"|src=/, name);
  }
});

test("raw colours live in the theme or over the picture, nowhere else", () => {
  const OVER_THE_PICTURE = ["tokens.css", "player.css", "controls.css", "slate.css", "ambient.css", "overlays.css", "embed.css"];
  for (const name of readdirSync(join(BROWSER, "css"))) {
    if (OVER_THE_PICTURE.includes(name)) continue;
    assert.doesNotMatch(read(`css/${name}`), /#[0-9a-f]{3,8}\b|rgba?\(/i, name);
  }
});

test("no style sheet asks another host", () => {
  for (const name of readdirSync(join(BROWSER, "css"))) assert.doesNotMatch(read(`css/${name}`), /url\(|@import/, name);
});
