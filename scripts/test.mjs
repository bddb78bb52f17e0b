import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { checkNode, ensureBuilt, ensureBundles, ensureInstalled, run } from "./prepare.mjs";
import { projectRoot } from "./project-root.mjs";

/**
 * Runs every check, some at a time. Each static check counts as one case; vitest and Playwright report their own cases.
 * `npm test -- unit` runs only the named steps.
 */
const RESULTS = "test-results";
/** Steps use about one core and often wait: three lanes fill two cores, where two left a third of them idle. */
const LANES = availableParallelism() > 1 ? 3 : 1;
const node = process.execPath;
const bin = path => join("node_modules", path);

const browserPaths = [
  process.env.HEADROOM_BROWSER,
  // The same without windows, for which a page takes a third less of a core.
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** A system browser, or the empty string for Playwright's own. If neither exists, Playwright's is installed. */
async function findBrowser() {
  const found = browserPaths.find(path => path && existsSync(path));
  if (found) return found;
  console.error("No Chromium found; asking Playwright to install one ...");
  if ((await run(node, [bin("@playwright/test/cli.js"), "install", "chromium-headless-shell"], { quiet: true })) !== 0)
    console.error("That failed: install Chromium from your system's packages, or set HEADROOM_BROWSER to one.");
  return "";
}

let browser = null;
/** The parts of the browser tests ask for it at the same time. */
const browserPath = () => {
  browser ??= findBrowser();
  return browser;
};

/** Reads the cases {title, state, reason} out of a report; a missing report is one failed case. */
function readCases(name, toCases = cases => cases) {
  const path = join(projectRoot, RESULTS, `${name}.json`);
  if (!existsSync(path)) return [{ title: `${name}: no report was written`, state: "failed" }];
  return toCases(JSON.parse(readFileSync(path, "utf8")));
}

const playwrightState = { expected: "passed", flaky: "passed", skipped: "skipped", unexpected: "failed" };
const playwrightCases = report => {
  const specsOf = suite => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
  const broken = report.errors.map(error => ({ title: error.message, state: "failed" }));
  return broken.concat(
    report.suites.flatMap(specsOf).flatMap(spec =>
      spec.tests.map(test => ({
        title: spec.title,
        state: playwrightState[test.status],
        flaky: test.status === "flaky",
        reason: test.annotations.find(annotation => annotation.type === "skip")?.description,
      })),
    ),
  );
};

const vitest =
  (project, name = project, more = []) =>
  async output => {
    const args = ["run", "--project", project, "--reporter=default", "--reporter=./scripts/case-reporter.mjs", ...more];
    const env = { HEADROOM_CASES: join(projectRoot, RESULTS, `${name}.json`) };
    await run(node, [bin("vitest/vitest.mjs"), ...args], { env, output });
    return readCases(name);
  };

const check = (title, args) => async output => [
  { title, state: (await run(node, args, { output })) === 0 ? "passed" : "failed" },
];

/**
 * The browser tests, in parts that a free lane can take, the longest first. A part costs the start of a runner, a browser and a server;
 * with one part for each lane, one of them would still be busy for minutes after the others.
 */
const E2E_PARTS = [3, 2, 4, 1];
const browserTests = part => async output => {
  const name = `e2e-${part}`;
  await run(
    node,
    // A trace of every test costs more than it tells: the specs that failed are traced when they are run again by themselves.
    [
      bin("@playwright/test/cli.js"),
      "test",
      `--shard=${part}/${E2E_PARTS.length}`,
      `--output=${RESULTS}/${name}`,
      "--trace=off",
    ],
    {
      env: {
        HEADROOM_BROWSER: await browserPath(),
        PLAYWRIGHT_JSON_OUTPUT_FILE: join(projectRoot, RESULTS, `${name}.json`),
        // The run has a folder of its own for temporary files: without this one, each part would transform all sources twice.
        PLAYWRIGHT_TRANSFORM_CACHE_DIR: join(projectRoot, "node_modules/.headroom/transformed"),
      },
      output,
    },
  );
  return readCases(name, playwrightCases);
};

/** The tests with models, in parts that a free lane can take: the longest first, which mostly wait for engines that were killed. */
const MODEL_PARTS = [4, 2, 3, 1];

const parts = (name, numbers, stepOf) => Object.fromEntries(numbers.map(part => [`${name}-${part}`, stepOf(part)]));

/** In the order in which free lanes take them. */
const steps = {
  build: {
    run: async () => {
      await ensureBuilt();
      return [];
    },
  },
  lint: {
    run: check("format and lint", [bin("@biomejs/biome/bin/biome"), "ci", "--colors=off", "--max-diagnostics=40", "."]),
  },
  unused: { run: check("no unused file, export or dependency", [bin("knip/bin/knip.js"), "--no-progress"]) },
  ...parts("e2e", E2E_PARTS, part => ({ after: ["build"], run: browserTests(part) })),
  unit: { run: vitest("unit") },
  ...parts("model", MODEL_PARTS, part => ({
    run: vitest("model", `model-${part}`, [`--shard=${part}/${MODEL_PARTS.length}`]),
  })),
  // Next writes its types into the folder that it builds in.
  types: {
    after: ["build"],
    run: async output => {
      await run(node, [bin("next/dist/bin/next"), "typegen"], { quiet: true });
      return check("types", [bin("typescript/bin/tsc"), "--noEmit", "-p", "."])(output);
    },
  },
};

/** The letter of a case of faults.md ("S1 refuses a foreign Host"). Results are counted per letter. */
const faultLetter = title => /(?:^|> )([A-Z])\d{1,2}\b/.exec(title)?.[1];

function printScoreboard(cases) {
  const perLetter = new Map();
  for (const { title, state } of cases) {
    const letter = faultLetter(title);
    if (!letter || state === "skipped") continue;
    const score = perLetter.get(letter) ?? { passed: 0, total: 0 };
    perLetter.set(letter, { passed: score.passed + (state === "passed" ? 1 : 0), total: score.total + 1 });
  }
  if (perLetter.size === 0) return;
  console.log("\nFault cases passed / total (letters of faults.md)");
  for (const [letter, { passed, total }] of [...perLetter].sort()) console.log(`  ${letter}  ${passed} / ${total}`);
}

checkNode();
await ensureInstalled();
rmSync(join(projectRoot, RESULTS), { recursive: true, force: true });
mkdirSync(join(projectRoot, RESULTS), { recursive: true });

/** "e2e" names all its parts. */
const kindOf = name => name.replace(/-\d+$/, "");
const kinds = [...new Set(Object.keys(steps).map(kindOf))];
const named = process.argv.slice(2);
const unknown = named.filter(name => !kinds.includes(name));
if (unknown.length > 0) {
  console.error(`There is no test step ${unknown.join(", ")}; the steps are ${kinds.join(", ")}.`);
  process.exit(2);
}
await ensureBundles();
const isWanted = name =>
  named.length === 0 || named.includes(kindOf(name)) || (name === "build" && named.includes("e2e"));
const wanted = Object.keys(steps).filter(isWanted);
const waiting = new Set(wanted);
const running = new Map();
const done = new Set();
const cases = [];

async function runStep(name) {
  const output = [];
  const startedMs = performance.now();
  console.log(`started ${name}`);
  cases.push(...(await steps[name].run(output)));
  console.log(`\n== ${name} (${Math.round((performance.now() - startedMs) / 1000)} s)`);
  process.stdout.write(Buffer.concat(output));
  running.delete(name);
  done.add(name);
}

const isReady = name => (steps[name].after ?? []).every(earlier => done.has(earlier) || !wanted.includes(earlier));

/** Takes one step after the other until none is left. A step's output is shown when it ends, so that two do not mix. */
async function lane() {
  while (waiting.size > 0) {
    const name = [...waiting].find(isReady);
    if (name === undefined) {
      await Promise.race(running.values());
      continue;
    }
    waiting.delete(name);
    running.set(name, runStep(name));
    await running.get(name);
  }
}
await Promise.all(Array.from({ length: LANES }, lane));

const having = state => cases.filter(test => test.state === state);
for (const { title } of having("failed")) console.log(`FAILED  ${title}`);
for (const { title, reason } of having("skipped")) console.log(`skipped ${title}${reason ? `: ${reason}` : ""}`);
for (const { title } of cases.filter(test => test.flaky)) console.log(`passed on the second try  ${title}`);
printScoreboard(cases);

const [passed, failed, skipped] = ["passed", "failed", "skipped"].map(state => having(state).length);
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
