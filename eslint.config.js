// The lint rules that hold the browser's floors: core/ is pure (no DOM, no clock), and edges/now.js is the
// only file that reads a clock or sets a timer.
import globals from "globals";

const CLOCKS_MESSAGE = "only edges/now.js reads clocks and sets timers; take the time as a parameter";

const clockRules = {
  "no-restricted-globals": [
    "error",
    ...["setTimeout", "setInterval", "performance"].map((name) => ({ name, message: CLOCKS_MESSAGE })),
  ],
  "no-restricted-properties": [
    "error",
    { object: "Date", property: "now", message: CLOCKS_MESSAGE },
    { object: "performance", property: "now", message: CLOCKS_MESSAGE },
    { object: "performance", property: "timeOrigin", message: CLOCKS_MESSAGE },
    ...["window", "globalThis", "self"].flatMap((object) =>
      ["setTimeout", "setInterval", "performance"].map((property) => ({ object, property, message: CLOCKS_MESSAGE })),
    ),
  ],
  "no-restricted-syntax": [
    "error",
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: CLOCKS_MESSAGE },
    { selector: "CallExpression[callee.name='Date']", message: CLOCKS_MESSAGE },
    { selector: "MemberExpression[property.name='timeStamp']", message: CLOCKS_MESSAGE },
  ],
};

const common = {
  "array-callback-return": "error",
  "default-case-last": "error",
  eqeqeq: "error",
  "no-await-in-loop": "off",
  "no-console": "error",
  "no-constant-condition": ["error", { checkLoops: false }],
  "no-dupe-keys": "error",
  "no-duplicate-imports": "error",
  "no-else-return": "error",
  "no-eval": "error",
  "no-implicit-globals": "error",
  "no-implied-eval": "error",
  "no-param-reassign": "error",
  "no-redeclare": "error",
  "no-return-assign": "error",
  "no-self-compare": "error",
  "no-shadow": "error",
  "no-undef": "error",
  "no-unreachable": "error",
  "no-unsafe-finally": "error",
  "no-unused-expressions": "error",
  "no-unused-vars": ["error", { caughtErrors: "none" }],
  "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
  "no-useless-return": "error",
  "no-var": "error",
  "max-lines": ["error", { max: 400 }],
  "prefer-const": "error",
  "prefer-template": "error",
};

export default [
  { ignores: ["node_modules/", "target/", "data/", "test-results/", "uploads/"] },
  { languageOptions: { ecmaVersion: 2024, sourceType: "module" }, linterOptions: { reportUnusedDisableDirectives: "error" } },
  { rules: common },
  { files: ["browser/js/**/*.js"], ignores: ["browser/js/core/**"], languageOptions: { globals: globals.browser } },
  { files: ["browser/js/core/**/*.js"], languageOptions: { globals: {} } }, // no-undef bans the DOM here
  { files: ["browser/js/edges/*_worker.js"], languageOptions: { globals: globals.sharedWorker } },
  { files: ["browser/js/**/*.js"], ignores: ["browser/js/edges/now.js"], rules: clockRules },
  {
    files: ["tests/browser/**/*.js", "tests/players/**/*.js", "bench/**/*.js", "scripts/**/*.js", "*.config.js"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { "no-console": "off" },
  },
];
