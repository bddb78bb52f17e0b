import { spawnSync } from "node:child_process";
import { join } from "node:path";
import * as z from "zod";

const BUNDLED = "node_modules/node-llama-cpp/llama";
const LIBRARIES = "node_modules/@node-llama-cpp/linux-x64-vulkan/bins/linux-x64-vulkan";

const fittedSchema = z.object({
  /** False where the fit found nothing that fits. */
  found: z.boolean(),
  gpuLayers: z.int(),
  /** By llama.cpp's dry run of what the fit chose. */
  gpuBytes: z.int(),
  /** Patterns of the tensors that the fit leaves in RAM although their layer is on the GPU. */
  inRam: z.array(z.string()),
});
export type Fitted = z.infer<typeof fittedSchema>;

export interface FitQuestion {
  readonly modelPath: string;
  readonly contextTokens: number;
  readonly batchTokens: number;
  /** ggml's number of the type of K and V. */
  readonly ggmlType: number;
  readonly budgets: readonly number[];
}

function run(program: string, args: readonly string[]): string {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined) throw new Error(`${program} could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr.trim().slice(-2000)}`);
  return stdout;
}

/**
 * Compiles a program that calls `common_fit_params` of the llama.cpp which node-llama-cpp bundles for Vulkan: exactly the same release,
 * with the headers of its own copy of the source. Needs git and a C++ compiler, and nothing from the network.
 *
 * @returns a function that asks it
 */
export function compileLlamaFit(folder: string): (question: FitQuestion) => Fitted[] {
  const source = join(folder, "llama.cpp");
  run("git", ["init", "--quiet", source]);
  run("git", ["-C", source, "fetch", "--quiet", join(process.cwd(), BUNDLED, "gitRelease.bundle"), "HEAD"]);
  run("git", ["-C", source, "checkout", "--quiet", "FETCH_HEAD", "--", "include", "ggml/include", "common/fit.h"]);
  const libraries = join(process.cwd(), LIBRARIES);
  const program = join(folder, "llama-fit");
  const names = run("ls", [libraries]).split("\n");
  const linked = names.filter(name => /^lib(?:llama|ggml-base|ggml\.)/.test(name)).map(name => join(libraries, name));
  run("c++", [
    ...["-std=c++17", "-O1", "bench/measure/llama-fit.cpp", "-o", program],
    ...["include", "ggml/include", "common"].map(headers => `-I${join(source, headers)}`),
    ...linked,
    `-Wl,-rpath,${libraries}`,
    "-Wl,--allow-shlib-undefined",
  ]);
  return ({ modelPath, contextTokens, batchTokens, ggmlType, budgets }) =>
    run(program, [libraries, modelPath, ...[contextTokens, batchTokens, ggmlType, ggmlType, ...budgets].map(String)])
      .trim()
      .split("\n")
      .map(line => fittedSchema.parse(JSON.parse(line)));
}
