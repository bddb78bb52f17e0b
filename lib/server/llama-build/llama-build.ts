import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { JsonFile } from "@/lib/server/system/json-file";
import { type BuildMachine, type BuildTarget, buildTargets } from "./llama-build-checks";

/** Which build of llama.cpp the engine starts with. Without this file it is the package's prebuilt one. */
const buildChoiceSchema = z.object({
  build: z.literal("lastBuild"),
  target: z.enum(buildTargets),
  builtAtMs: z.number(),
});
export type BuildChoice = z.infer<typeof buildChoiceSchema>;

const choicePath = (dataFolder: string): string => join(dataFolder, "llama-build.json");
const choiceFile = (dataFolder: string) => new JsonFile(choicePath(dataFolder), buildChoiceSchema);

/** The own build that was verified here, or null for the prebuilt one. A damaged file means the prebuilt one, which always exists. */
export const readBuildChoice = (dataFolder: string): BuildChoice | null => choiceFile(dataFolder).read();

export const writeBuildChoice = (dataFolder: string, target: BuildTarget, nowMs: number): void =>
  choiceFile(dataFolder).write({ build: "lastBuild", target, builtAtMs: nowMs });

/** Undoes the choice: the next start uses the prebuilt binaries again. */
export const forgetBuildChoice = (dataFolder: string): void => rmSync(choicePath(dataFolder), { force: true });

/** The progress that a line of Ninja ("[12/153] ...") or Make ("[ 42%] ...") reports; null for any other line. */
export function buildProgress(line: string): number | null {
  const steps = /^\[(\d+)\/(\d+)\]/.exec(line);
  if (steps) return Number(steps[1]) / Number(steps[2]);
  const percent = /^\[\s*(\d+)%\]/.exec(line);
  return percent ? Number(percent[1]) / 100 : null;
}

const firstLineWithNumber = (text: string): string =>
  text
    .split("\n")
    .find(line => /\d/.test(line))
    ?.trim() ?? text.trim();

export const thisMachine = (projectRoot: string): BuildMachine => {
  const { bavail, bsize } = statfsSync(projectRoot);
  return {
    platform: process.platform,
    freeDiskBytes: bavail * bsize,
    freeMemoryBytes: freemem(),
    version(program, args) {
      const result = spawnSync(program, args, { encoding: "utf8", timeout: 10_000 });
      return result.status === 0 ? firstLineWithNumber(result.stdout || result.stderr) : null;
    },
    exists: existsSync,
  };
};

/**
 * Builds the placement addon for the llama.cpp that was compiled last.
 * @returns why there is none; null if it was built. Without it, whole layers are placed.
 */
export function compilePlacementAddon(projectRoot: string): string | null {
  if (process.platform !== "linux") return `it does not work on ${process.platform}.`;
  const args = [join(projectRoot, "native/placement/build.mjs"), "--own"];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 120_000 });
  return status === 0 ? null : (stderr.match(/^Error: .*$/m)?.[0] ?? stderr.trim());
}

/**
 * Compiles llama.cpp from the source that node-llama-cpp contains, without a download. All kernels of quantized flash
 * attention are included; the CUDA prebuilt lacks them for mixed KV types.
 *
 * @param onProgress 0 to 1, and the compiler's line
 * @returns the compiler's exit code and its last lines
 */
export function compileLlama(
  projectRoot: string,
  target: BuildTarget,
  onProgress: (fraction: number | null, line: string) => void,
): Promise<{ exitCode: number; lastLines: string[] }> {
  const cli = join(projectRoot, "node_modules/node-llama-cpp/dist/cli/cli.js");
  const child = spawn(process.execPath, [cli, "source", "download", "--gpu", target, "--noUsageExample"], {
    cwd: dirname(cli),
    env: {
      ...process.env,
      NODE_LLAMA_CPP_CMAKE_OPTION_GGML_CUDA_FA_QUANTS: "all",
      NODE_LLAMA_CPP_CMAKE_OPTION_GGML_OPENMP: "ON",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", line => {
      lastLines.push(line);
      if (lastLines.length > 40) lastLines.shift();
      onProgress(buildProgress(line), line);
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", exitCode => resolve({ exitCode: exitCode ?? 1, lastLines }));
  });
}
