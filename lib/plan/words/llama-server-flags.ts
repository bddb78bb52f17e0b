import { elementTypesOf } from "@/lib/schema/plans/kv-type";
import { expertMatrices, type LoadConfig } from "@/lib/schema/plans/load-config";
import { dividedBlock, wholeBlocksInRam } from "../memory/expert-placement";
import { mostPictureTokens } from "../memory/picture-reader-memory";

/** Drafted at a time. More are rejected too often by a model that writes prose. */
export const DRAFTED_TOKENS = 8;

/** Files that llama-server loads beside the model. */
export interface BesideFiles {
  /** The mmproj file, which reads pictures. */
  readonly picturesPath?: string;
  /** A small model of the same vocabulary, which drafts tokens. */
  readonly draftPath?: string;
}

/**
 * The flags of llama.cpp's `llama-server` that load a model exactly as this configuration says. `--fit off`: otherwise llama-server
 * changes what it takes for unset. `--cache-ram 0`: otherwise it keeps up to 8 GiB of earlier conversations in system memory, which no
 * plan counts. It divides `-c` among its sequences, and node-llama-cpp computes each batch in one piece, so that `-ub` is `-b`.
 *
 * @see llama.cpp common/arg.cpp
 */
export function llamaServerFlags(config: LoadConfig, { picturesPath, draftPath }: BesideFiles = {}): string[] {
  const { gpuLayers, tensorSplit, kvInRam, sequences, batchTokens } = config;
  const { k, v } = elementTypesOf(config.kvType);
  return [
    ["-m", config.modelPath],
    ["-ngl", String(gpuLayers)],
    expertFlags(config),
    tensorSplit === undefined ? [] : ["-ts", tensorSplit.join(",")],
    kvInRam === true ? ["--no-kv-offload"] : [],
    ["-c", String(config.contextTokens * sequences), "-np", String(sequences)],
    ["-b", String(batchTokens), "-ub", String(batchTokens)],
    ["-ctk", k, "-ctv", v],
    ["-fa", config.flashAttention],
    ["-t", String(config.threads)],
    config.useMmap ? [] : ["--load-mode", "none"],
    ["--fit", "off", "--cache-ram", "0"],
    picturesPath === undefined
      ? []
      : ["--mmproj", picturesPath, "--image-max-tokens", String(mostPictureTokens(config.contextTokens))],
    draftPath === undefined ? [] : draftFlags(draftPath, gpuLayers === 0),
    picturesPath !== undefined && gpuLayers === 0 ? ["--no-mmproj-offload"] : [],
  ].flat();
}

/** Without the type, llama-server loads a draft model and never asks it. */
const draftFlags = (path: string, isInRam: boolean): string[] => [
  ...["-md", path, "--spec-type", "draft-simple"],
  ...["-ngld", isInRam ? "0" : "all", "--spec-draft-n-max", String(DRAFTED_TOKENS)],
];

/** Of a block whose experts are in RAM in part, those matrices are named. */
function expertFlags(config: LoadConfig): string[] {
  const whole = wholeBlocksInRam(config);
  return [...(whole > 0 ? ["--n-cpu-moe", String(whole)] : []), ...borderFlags(config)];
}

function borderFlags(config: LoadConfig): string[] {
  const border = dividedBlock(config);
  if (border === null) return [];
  const { block, matrices, isOnly } = border;
  const inRam = expertMatrices.filter(matrix => !matrices.includes(matrix)).join("|");
  const ofThem = isOnly ? "(_(ch|)exps|(_inp|)(_shexp|))\\." : "_(ch|)exps";
  return ["-ot", `blk\\.${block}\\.ffn_(${inRam})${ofThem}=CPU`];
}
