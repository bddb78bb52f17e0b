import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkNode, ensureBuilt, ensureBundles, ensureInstalled, projectRoot, run } from "./prepare.mjs";

/**
 * Runs every check, the fastest to fail first. Each static check counts as one case; vitest and Playwright report their own
 * cases. `npm test -- unit` runs only the named steps.
 */
const RESULTS = "test-results";
const node = process.execPath;
const bin = path => join("node_modules", path);

const browserPaths = [
  process.env.HEADROOM_BROWSER,
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

/** Reads a JSON report of vitest or Playwright into {title, state, reason}; a missing report is one failed case. */
function readCases(name, toCases) {
  const path = join(projectRoot, RESULTS, `${name}.json`);
  if (!existsSync(path)) return [{ title: `${name}: no report was written`, state: "failed" }];
  return toCases(JSON.parse(readFileSync(path, "utf8")));
}

const vitestState = status => (status === "passed" ? "passed" : status === "failed" ? "failed" : "skipped");
const vitestCases = report =>
  report.testResults.flatMap(file =>
    file.status === "failed" && file.assertionResults.length === 0
      ? [{ title: `${file.name}: ${file.message}`, state: "failed" }]
      : file.assertionResults.map(test => ({
          title: [...test.ancestorTitles, test.title].join(" > "),
          state: vitestState(test.status),
        })),
  );

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

async function vitest(project) {
  await run(node, [
    bin("vitest/vitest.mjs"),
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${RESULTS}/${project}.json`,
  ]);
  return readCases(project, vitestCases);
}

const check = (title, args) => async () => [{ title, state: (await run(node, args)) === 0 ? "passed" : "failed" }];

async function browserTests() {
  await run(node, [bin("@playwright/test/cli.js"), "test"], { env: { HEADROOM_BROWSER: await findBrowser() } });
  return readCases("e2e", playwrightCases);
}

const steps = {
  lint: check("format and lint", [bin("@biomejs/biome/bin/biome"), "ci", "--colors=off", "--max-diagnostics=40", "."]),
  types: async () => {
    await run(node, [bin("next/dist/bin/next"), "typegen"], { quiet: true });
    return check("types", [bin("typescript/bin/tsc"), "--noEmit", "-p", "."])();
  },
  unused: check("no unused file, export or dependency", [bin("knip/bin/knip.js"), "--no-progress"]),
  unit: () => vitest("unit"),
  model: () => vitest("model"),
  e2e: async () => {
    await ensureBuilt();
    return browserTests();
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

const named = process.argv.slice(2);
const unknown = named.filter(name => !(name in steps));
if (unknown.length > 0) {
  console.error(`There is no test step ${unknown.join(", ")}; the steps are ${Object.keys(steps).join(", ")}.`);
  process.exit(2);
}
const cases = [];
for (const [name, step] of Object.entries(steps)) {
  if (named.length > 0 && !named.includes(name)) continue;
  console.log(`\n== ${name}`);
  if (name === "unit") await ensureBundles();
  cases.push(...(await step()));
}

const having = state => cases.filter(test => test.state === state);
for (const { title } of having("failed")) console.log(`FAILED  ${title}`);
for (const { title, reason } of having("skipped")) console.log(`skipped ${title}${reason ? `: ${reason}` : ""}`);
for (const { title } of cases.filter(test => test.flaky)) console.log(`passed on the second try  ${title}`);
printScoreboard(cases);

const [passed, failed, skipped] = ["passed", "failed", "skipped"].map(state => having(state).length);
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
