import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative, sep } from "node:path";
import { endWithStarter, startProgram, toldToEnd } from "./end-with-starter.mjs";
import { projectRoot } from "./project-root.mjs";

/** The first steps of every command: check Node, then install, bundle and build, each only when something changed. */
const inProject = path => join(projectRoot, path);

endWithStarter(inProject("package.json"));
/** The exit code that a shell gives for SIGTERM. */
const TOLD_TO_END = 143;

/** Next 16 refuses anything older. */
const MIN_NODE = [20, 9];
/** node_modules with every platform backend of node-llama-cpp takes 1.5 GB, the build 0.2 GB. */
const INSTALL_DISK_BYTES = 2.5e9;
const BUILD_DISK_BYTES = 0.3e9;
const STAMPS = "node_modules/.headroom";

/** Ends the command with one sentence and no stack, because a person reads it. */
export function stop(sentence, exitCode = 1) {
  console.error(sentence);
  process.exit(exitCode);
}

export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  stop(
    `Headroom needs Node ${MIN_NODE.join(".")} or later and this is ${process.versions.node}: install the current LTS release of Node and start again.`,
  );
}

function checkDisk(neededBytes, what) {
  const { bavail, bsize } = statfsSync(projectRoot);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  const gb = bytes => (bytes / 1e9).toFixed(1);
  stop(`${what} needs ${gb(neededBytes)} GB of disk and ${gb(freeBytes)} GB are free here: make room and start again.`);
}

/** On Windows npm is a batch file, which only a shell runs. A shell would split "C:\\Program Files\\nodejs\\node.exe" at its space. */
const isBatchFile = program => process.platform === "win32" && program === "npm";

/**
 * Runs a program and shows its output; with `quiet` only if it fails. Ends this process if it was told to end while the program ran.
 *
 * @param output collects the output instead, for programs that run side by side
 */
export async function run(program, args, { env = {}, quiet = false, output = null } = {}) {
  const { child, exitCode } = startProgram(program, args, {
    cwd: projectRoot,
    stdio: quiet || output ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", ...env },
    shell: isBatchFile(program),
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", chunk => said.push(chunk));
  const code = await exitCode;
  if (toldToEnd() !== null) process.exit(TOLD_TO_END);
  if (output && !quiet) output.push(...said);
  else if (quiet && code !== 0) process.stderr.write(Buffer.concat(said));
  return code;
}

const readStamp = name => {
  const path = inProject(join(STAMPS, name));
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

function writeStamp(name, value) {
  mkdirSync(inProject(STAMPS), { recursive: true });
  writeFileSync(inProject(join(STAMPS, name)), value);
}

const SOURCE = /\.(ts|tsx|css|mjs|json|svg|png|ico|webmanifest)$/;
const NOT_BUILT = /\.test\.tsx?$/;

function filesBelow(path) {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)],
  );
}

/** One hash of names and contents. Unlike file times, it stays the same after a clone, a copy (to another system as well) or a clock change. */
function sourceHash(paths) {
  const hash = createHash("sha256");
  const files = paths.flatMap(name => (/\.\w+$/.test(name) ? [inProject(name)] : filesBelow(inProject(name))));
  for (const name of files.map(path => relative(projectRoot, path).replaceAll(sep, "/")).sort()) {
    const path = inProject(name);
    if (!SOURCE.test(name) || NOT_BUILT.test(name) || !existsSync(path)) continue;
    hash.update(name).update("\0").update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

const BUNDLED = ["lib", "scripts", "bench", "package-lock.json", "tsconfig.json"];
const BUILT = [
  "app",
  "components",
  "lib/client",
  "lib/gguf",
  "lib/plan",
  "lib/schema",
  "lib/units",
  "public",
  "proxy.ts",
  "next.config.mjs",
  "postcss.config.mjs",
  "package-lock.json",
  "tsconfig.json",
];

/** npm writes a record after each install. If that record is as new as the lockfile, everything is up to date. */
function isInstalled() {
  // A linked folder belongs to another checkout: npm ci would empty it.
  if (lstatSync(inProject("node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  const record = inProject("node_modules/.package-lock.json");
  return existsSync(record) && statSync(record).mtimeMs >= statSync(inProject("package-lock.json")).mtimeMs;
}

/** Installs exactly the lockfile, without install scripts, if it changed or nothing is installed. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  checkDisk(INSTALL_DISK_BYTES, "Installing Headroom's packages");
  console.error("Installing packages (about a minute, only the first time) ...");
  if ((await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { quiet: true })) !== 0)
    stop("Installing the packages failed; npm's own words are above. Check the network and start again.");
}

/** dist/: engine child, web server, command line and benchmarks as plain JavaScript (Node 20 runs no TypeScript). */
export async function ensureBundles() {
  const hash = sourceHash(BUNDLED);
  if (readStamp("bundles") === hash && existsSync(inProject("dist/engine.mjs"))) return;
  const { buildBundles } = await import("./bundle.mjs");
  await buildBundles();
  writeStamp("bundles", hash);
}

/** .next/: the pages. */
export async function ensureBuilt() {
  const hash = sourceHash(BUILT);
  if (readStamp("built") === hash && existsSync(inProject(".next/BUILD_ID"))) return;
  checkDisk(BUILD_DISK_BYTES, "Building Headroom");
  console.error("Building the pages (about 30 s, only after a change) ...");
  if ((await run(process.execPath, ["node_modules/next/dist/bin/next", "build"], { quiet: true })) !== 0)
    stop("Building the pages failed; the compiler's words are above.");
  writeStamp("built", hash);
}
