import { join } from "node:path";
import { parseArgs } from "node:util";
import { errorReason } from "@/lib/schema/error-reason";
import { greedySampling } from "@/lib/schema/settings/sampling";
import { defaultSettings } from "@/lib/schema/settings/settings";
import { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { compileLlama, compilePlacementAddon, forgetBuildChoice, thisMachine, writeBuildChoice } from "./llama-build";
import { type BuildTarget, buildTargets, checkLlamaBuild } from "./llama-build-checks";

const USAGE = `Usage: npm run build:llama -- --gpu ${buildTargets.join("|")} [--dry-run]
       npm run build:llama -- --prebuilt      go back to the prebuilt binaries`;

interface BuildFolders {
  readonly projectRoot: string;
  readonly dataFolder: string;
  readonly modelsFolder: string;
}

const isBuildTarget = (text: string | undefined): text is BuildTarget => buildTargets.some(target => target === text);

/** Prints what was found and what is missing. @returns whether a build can start. */
function printChecks(target: BuildTarget, projectRoot: string): boolean {
  const checks = checkLlamaBuild(target, thisMachine(projectRoot));
  for (const { name, state, detail } of checks) console.log(`${state.padEnd(8)} ${name}: ${detail}`);
  return checks.every(check => check.state !== "missing");
}

/** Loads the default model with the new build and generates a few tokens. A build that fails this is not used. */
async function verifyBuild(target: BuildTarget, { projectRoot, modelsFolder }: BuildFolders): Promise<string> {
  const gpu = target === "false" ? "off" : target;
  const engine = new EngineSupervisor({
    entryPath: join(projectRoot, "dist/engine.mjs"),
    gpu,
    build: "lastBuild",
    env: process.env,
    onLog: () => undefined,
  });
  try {
    const info = await engine.start();
    if (gpu !== "off" && !info.gpuUsable) throw new Error(info.gpuProblem ?? `no ${gpu} device could be used`);
    await engine.load({
      modelPath: join(modelsFolder, defaultSettings.MODEL),
      gpuLayers: info.gpuUsable ? 1 : 0,
      contextTokens: 512,
      batchTokens: 64,
      sequences: 1,
      kvType: "f16",
      flashAttention: "auto",
      threads: 1,
      useMmap: true,
    });
    if ((await fewTokens(engine)) === 0) throw new Error("it answered nothing");
    return `llama.cpp ${info.llamaCppRelease}, ${info.gpuUsable ? `${info.backend} on ${info.devices.join(", ")}` : "CPU"}`;
  } finally {
    await engine.shutdown();
  }
}

async function fewTokens(engine: EngineSupervisor): Promise<number> {
  const sampling = { ...greedySampling, maxTokens: 4 };
  for await (const message of engine.complete({ prompt: "Once upon a time", sampling }))
    if (message.type === "finished") return message.stats.generatedTokens;
  return 0;
}

/** On a terminal: one line that changes. In a file: ten lines. */
function progressPrinter(): (fraction: number | null, line: string) => void {
  let printedTenths = -1;
  return (fraction, line) => {
    if (fraction === null) return;
    const percent = `${Math.floor(fraction * 100)} %`.padStart(5);
    const tenths = Math.floor(fraction * 10);
    if (process.stdout.isTTY) process.stdout.write(`\r${percent}  ${line.slice(0, 90).padEnd(90)}`);
    else if (tenths > printedTenths) console.log(`${percent}  ${line}`);
    printedTenths = tenths;
  };
}

async function build(target: BuildTarget, folders: BuildFolders): Promise<number> {
  console.log("\nCompiling; this takes a quarter of an hour on two cores, longer for CUDA ...");
  const { exitCode, lastLines } = await compileLlama(folders.projectRoot, target, progressPrinter());
  if (exitCode !== 0) {
    console.error(
      `\n${lastLines.join("\n")}\n\nThe build failed (exit ${exitCode}). The usual causes and their remedies: docs/build-llama.md. Headroom goes on with what it had.`,
    );
    return 1;
  }
  const withoutAddon = compilePlacementAddon(folders.projectRoot);
  if (withoutAddon !== null)
    console.error(`\nThis build can only place whole layers, since its placement addon is missing: ${withoutAddon}`);
  console.log("\nVerifying with the default model ...");
  try {
    const found = await verifyBuild(target, folders);
    writeBuildChoice(folders.dataFolder, target, Date.now());
    console.log(
      `Done: Headroom now runs this build (${found}). Back to the prebuilt one: npm run build:llama -- --prebuilt`,
    );
    return 0;
  } catch (error) {
    console.error(
      `The build does not load the default model (${errorReason(error)}). Headroom goes on with what it had.`,
    );
    return 1;
  }
}

/** `npm run build:llama`. @returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 something is missing. */
export async function llamaBuildCommand(args: readonly string[], folders: BuildFolders): Promise<number> {
  let options: { gpu?: string; "dry-run"?: boolean; prebuilt?: boolean };
  try {
    options = parseArgs({
      args: [...args],
      options: { gpu: { type: "string" }, "dry-run": { type: "boolean" }, prebuilt: { type: "boolean" } },
    }).values;
  } catch (error) {
    console.error(`${errorReason(error)}\n${USAGE}`);
    return 2;
  }
  if (options.prebuilt) {
    forgetBuildChoice(folders.dataFolder);
    console.log("Headroom starts with the prebuilt binaries again.");
    return 0;
  }
  if (!isBuildTarget(options.gpu)) {
    console.error(`--gpu ${options.gpu ?? "(missing)"} is none of ${buildTargets.join(", ")}.\n${USAGE}`);
    return 2;
  }
  if (!printChecks(options.gpu, folders.projectRoot)) {
    console.error("\nSomething is missing: install it and run the command again. docs/build-llama.md has the details.");
    return 3;
  }
  if (options["dry-run"]) {
    console.log("\nEverything is here. Without --dry-run the build would start now.");
    return 0;
  }
  return build(options.gpu, folders);
}
