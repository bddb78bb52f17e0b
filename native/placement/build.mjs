import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * Builds the placement addon.
 *
 *   node native/placement/build.mjs             with this computer's C compiler, for this computer
 *   node native/placement/build.mjs --committed with zig (`pip install ziglang`), the builds that are in the repository [or into a FOLDER]
 *   node native/placement/build.mjs --own       for the llama.cpp that `npm run build:llama` has compiled here
 *
 * llama.cpp's headers come from node-llama-cpp's own copy of its source, and Node's from a package that it needs for its own builds:
 * nothing is downloaded.
 */
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const llamaFolder = join(dirname(require.resolve("node-llama-cpp")), "../llama");
const { release: bundledRelease } = JSON.parse(readFileSync(join(llamaFolder, "binariesGithubRelease.json"), "utf8"));

const zig = ["python3", "-m", "ziglang"];
/** zig's targets. The prebuilt llama.cpp needs a newer glibc than these. */
const committed = {
  "linux-x64": "x86_64-linux-gnu.2.28",
  "linux-arm64": "aarch64-linux-gnu.2.28",
  "win32-x64": "x86_64-windows-gnu",
};

function run(program, args) {
  const { status, error, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (error) throw new Error(`${program} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr.trim()}`);
}

/** What placement.c reads of llama.cpp beside its headers: the scheduler's first field. */
const SCHEDULER = "ggml/src/ggml-backend.cpp";
const STARTS_WITH_IS_RESET = /struct ggml_backend_sched \{\s*bool is_reset;/;

/** llama.cpp's headers at the bundled release, in a temporary folder. Needs git. */
function bundledHeaders(folder) {
  const source = join(folder, "source");
  run("git", ["init", "--quiet", source]);
  run("git", ["-C", source, "fetch", "--quiet", join(llamaFolder, "gitRelease.bundle"), "HEAD"]);
  run("git", ["-C", source, "checkout", "--quiet", "FETCH_HEAD", "--", "include", "ggml/include", SCHEDULER]);
  return source;
}

/** What a program for Windows is linked with to find Node's functions in node.exe. */
function nodeLibraries(folder) {
  return Object.values(require("node-api-headers").def_paths).map((path, index) => {
    const library = join(folder, `node-${index}.lib`);
    run(zig[0], [...zig.slice(1), "dlltool", "-m", "i386:x86-64", "-D", "node.exe", "-d", path, "-l", library]);
    return library;
  });
}

/**
 * Flags that differ by system. For Windows a hash takes the place of the time, a second `printf` is left out, and the list of exports for
 * programs that would be linked with the addon goes to the temporary folder.
 */
const systemFlags = (platform, folder) =>
  platform.startsWith("win32")
    ? [
        ...["-Wl,/Brepro", "-D__USE_MINGW_ANSI_STDIO=0", `-Wl,--out-implib,${join(folder, "exports.lib")}`],
        ...nodeLibraries(folder),
      ]
    : ["-fPIC", "-ldl", "-lpthread"];

/** @param compiler the program and its first arguments, such as ["cc"] */
function compile(compiler, source, release, outputPath, flags) {
  const code = join(here, "placement.c");
  const hash = createHash("sha256").update(readFileSync(code)).digest("hex");
  const isResetFirst = STARTS_WITH_IS_RESET.test(readFileSync(join(source, SCHEDULER), "utf8"));
  mkdirSync(dirname(outputPath), { recursive: true });
  run(compiler[0], [
    ...compiler.slice(1),
    ...["-std=gnu11", "-O2", "-s", "-shared", "-fvisibility=hidden", "-fexceptions", "-Wall", "-Wextra", "-Werror"],
    ...[`-DLLAMA_RELEASE="${release}"`, `-DSOURCE_HASH="${hash}"`, ...(isResetFirst ? ["-DIS_RESET_FIRST"] : [])],
    ...["-isystem", require("node-api-headers").include_dir],
    ...["-isystem", join(source, "include"), "-isystem", join(source, "ggml/include")],
    ...[code, "-o", outputPath, ...flags],
  ]);
}

/**
 * Builds the addon for this computer.
 *
 * @param options.source a checkout of llama.cpp; the bundled release's headers where it is missing
 * @throws Error with the compiler's own words
 */
export function buildPlacement(
  outputPath,
  { source, release = bundledRelease, compiler = ["cc"], platform = process.platform } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "headroom-placement-"));
  try {
    compile(compiler, source ?? bundledHeaders(folder), release, outputPath, systemFlags(platform, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With the headers that node-llama-cpp compiled last. */
function buildForOwnLlama() {
  const { tag } = JSON.parse(readFileSync(join(llamaFolder, "llama.cpp.info.json"), "utf8"));
  const outputPath = join(here, `builds/own-${process.platform}-${process.arch}.node`);
  rmSync(outputPath, { force: true });
  buildPlacement(outputPath, { source: join(llamaFolder, "llama.cpp"), release: tag });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  if (process.argv[2] === "--committed")
    for (const [platform, target] of Object.entries(committed))
      buildPlacement(join(process.argv[3] ?? join(here, "builds"), `${platform}.node`), {
        compiler: [...zig, "cc", "-target", target],
        platform,
      });
  else if (process.argv.includes("--own")) buildForOwnLlama();
  else buildPlacement(process.argv[2] ?? join(here, `builds/${process.platform}-${process.arch}.node`));
}
