import { tensorTypes } from "@/lib/gguf/header/tensor-types";
import { elementTypesOf, type KvElementType, type KvType, kvTypeTable } from "@/lib/schema/plans/kv-type";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { bytesToGib } from "@/lib/units/bytes";
import { type BesideFiles, DRAFTED_TOKENS, llamaServerFlags } from "./llama-server-flags";

/** The plan, and what a program needs to know beside it. */
export interface ExportedPlan {
  readonly config: LoadConfig;
  /** Blocks + 1: the output layer counts. */
  readonly totalLayers: number;
  readonly targetVramUsage: number;
  /** Weights that the plan keeps in system memory. */
  readonly ramWeightsBytes: number;
  /** Files that are loaded beside the model and counted in the plan. */
  readonly beside?: BesideFiles;
}

interface ProgramFormat {
  /** What the program cannot do, and is planned without: experts of the first blocks in RAM, the cache there, several answers at once. */
  readonly without: Partial<PlanSettings>;
  /** Whether files beside the model can be given to it. */
  readonly takesBeside?: true;
  readonly write: (plan: ExportedPlan) => string[];
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const command = (program: string, args: readonly string[]): string => [program, ...args.map(quoted)].join(" ");

/** Only llama-server is sure to know "auto"; the others are told what llama.cpp chooses: on, unless the cache forbids it to be off. */
const flashAttentionIsOn = ({ flashAttention }: LoadConfig): boolean => flashAttention !== "off";

const ggmlNumberOf = (type: KvElementType): number | undefined =>
  [...tensorTypes].find(([, { name }]) => name === kvTypeTable[type].ggmlType)?.[0];

/** KoboldCpp takes no other sizes. */
const koboldBatchSizes = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/** For a program that has one type for K and V: the wider of the two, so that nothing gets coarser. */
function widerType(kvType: KvType): KvElementType {
  const { k, v } = elementTypesOf(kvType);
  return kvTypeTable[k].bytesPer32Elements >= kvTypeTable[v].bytesPer32Elements ? k : v;
}

const python = (value: boolean): string => (value ? "True" : "False");

function ollamaModelfile({ config }: ExportedPlan): string[] {
  const { kvType, sequences } = config;
  const flash = flashAttentionIsOn(config) ? 1 : 0;
  return [
    "# Save this as Modelfile, then: ollama create my-model -f Modelfile",
    "# Ollama takes these from its own environment, for all models:",
    `#   OLLAMA_FLASH_ATTENTION=${flash} OLLAMA_KV_CACHE_TYPE=${widerType(kvType)} OLLAMA_NUM_PARALLEL=${sequences}`,
    ...(config.tensorSplit === undefined ? [] : ["# Ollama shares the layers over the cards by itself."]),
    `FROM ${config.modelPath}`,
    `PARAMETER num_gpu ${config.gpuLayers}`,
    `PARAMETER num_ctx ${config.contextTokens}`,
    `PARAMETER num_batch ${config.batchTokens}`,
    `PARAMETER num_thread ${config.threads}`,
    ...(config.useMmap ? [] : ["PARAMETER use_mmap false"]),
  ];
}

function llamaCppPython({ config }: ExportedPlan): string[] {
  const { tensorSplit } = config;
  const { k, v } = elementTypesOf(config.kvType);
  return [
    "from llama_cpp import Llama",
    "",
    "llm = Llama(",
    `    model_path=${JSON.stringify(config.modelPath)},`,
    `    n_gpu_layers=${config.gpuLayers},`,
    ...(tensorSplit === undefined ? [] : [`    tensor_split=[${tensorSplit.join(", ")}],`]),
    `    n_ctx=${config.contextTokens},`,
    `    n_batch=${config.batchTokens},`,
    `    n_ubatch=${config.batchTokens},`,
    `    n_threads=${config.threads},`,
    `    flash_attn=${python(flashAttentionIsOn(config))},`,
    `    type_k=${ggmlNumberOf(k)},  # ${config.kvType}`,
    `    type_v=${ggmlNumberOf(v)},`,
    `    offload_kqv=${python(config.kvInRam !== true)},`,
    `    use_mmap=${python(config.useMmap)},`,
    ")",
  ];
}

function lmStudio({ config, totalLayers }: ExportedPlan): string[] {
  const { k, v } = elementTypesOf(config.kvType);
  const quantization = (type: KvElementType) => (type === "f16" ? false : type);
  const blocks = totalLayers - 1;
  const share = (count: number): number => Number((Math.min(count, blocks) / blocks).toFixed(4));
  const settings = {
    contextLength: config.contextTokens,
    gpu: {
      ratio: config.gpuLayers >= totalLayers ? "max" : share(config.gpuLayers),
      ...(config.expertBlocksInRam !== undefined && { numCpuExpertLayersRatio: share(config.expertBlocksInRam) }),
    },
    offloadKVCacheToGpu: config.kvInRam !== true,
    evalBatchSize: config.batchTokens,
    maxParallelPredictions: config.sequences,
    flashAttention: flashAttentionIsOn(config),
    llamaKCacheQuantizationType: quantization(k),
    llamaVCacheQuantizationType: quantization(v),
    tryMmap: config.useMmap,
  };
  return [
    "// TypeScript, with @lmstudio/sdk. LM Studio rounds the share to its own number of layers.",
    ...(config.tensorSplit === undefined ? [] : ["// It shares the layers over the cards by itself."]),
    `const config = ${JSON.stringify(settings, null, 2)};`,
    "const model = await new LMStudioClient().llm.load(modelKey, { config });",
  ];
}

/** Flash attention is on unless it is turned off. @see KoboldCpp 1.112, koboldcpp.py --help */
function koboldCpp({ config, beside }: ExportedPlan): string[] {
  const { expertBlocksInRam, tensorSplit, batchTokens } = config;
  const batchSize = koboldBatchSizes.findLast(size => size <= batchTokens) ?? koboldBatchSizes[0];
  const kvType = widerType(config.kvType);
  const args = [
    ["--model", config.modelPath, "--gpulayers", String(config.gpuLayers)],
    expertBlocksInRam === undefined ? [] : ["--moecpu", String(expertBlocksInRam)],
    tensorSplit === undefined ? [] : ["--tensor_split", ...tensorSplit.map(String)],
    config.kvInRam === true ? ["--lowvram"] : [],
    ["--contextsize", String(config.contextTokens), "--batchsize", String(batchSize)],
    ["--threads", String(config.threads)],
    flashAttentionIsOn(config) ? [] : ["--noflashattention"],
    kvType === "f16" ? [] : ["--quantkv", kvType],
    config.useMmap ? ["--usemmap"] : [],
    beside?.picturesPath === undefined ? [] : ["--mmproj", beside.picturesPath],
    beside?.draftPath === undefined ? [] : ["--draftmodel", beside.draftPath, "--draftamount", String(DRAFTED_TOKENS)],
  ].flat();
  return [command("koboldcpp", args)];
}

/** vLLM has no layers in RAM: it copies so many GiB of weights to the card again for each step. It sizes the KV cache by itself. */
function vllm({ config, targetVramUsage, ramWeightsBytes, totalLayers }: ExportedPlan): string[] {
  const isWhole = config.gpuLayers >= totalLayers && config.expertBlocksInRam === undefined;
  const cards = config.tensorSplit?.filter(share => share > 0).length ?? 1;
  const args = [
    ["serve", config.modelPath, "--max-model-len", String(config.contextTokens)],
    ["--max-num-seqs", String(config.sequences), "--gpu-memory-utilization", String(targetVramUsage)],
    cards > 1 ? ["--pipeline-parallel-size", String(cards)] : [],
    isWhole ? [] : ["--cpu-offload-gb", String(Math.ceil(bytesToGib(ramWeightsBytes)))],
  ].flat();
  return [
    "# vLLM needs the original model's tokenizer as well: --tokenizer OWNER/REPO",
    ...(config.kvType === "f16" ? [] : [`# vLLM has no ${config.kvType} cache: --kv-cache-dtype fp8 is the nearest.`]),
    ...(isWhole
      ? []
      : ["# This plan does not hold the whole model on the GPU. vLLM then copies weights at each step and is slow."]),
    command("vllm", args),
  ];
}

/** Programs whose settings a plan can be written in. */
export const programFormats = {
  "llama-server": {
    without: {},
    takesBeside: true,
    write: ({ config, beside }) => [command("llama-server", llamaServerFlags(config, beside))],
  },
  ollama: { without: { EXPERTS_IN_RAM: 0, KV_IN_RAM: false }, write: ollamaModelfile },
  "llama-cpp-python": { without: { EXPERTS_IN_RAM: 0, PARALLEL: 1 }, write: llamaCppPython },
  lmstudio: { without: {}, write: lmStudio },
  koboldcpp: { without: { PARALLEL: 1 }, takesBeside: true, write: koboldCpp },
  vllm: { without: { EXPERTS_IN_RAM: 0, KV_IN_RAM: false }, write: vllm },
} as const satisfies Record<string, ProgramFormat>;

export type PlanFormat = keyof typeof programFormats;

/** The settings to plan with for this program: without what it cannot do. Whole layers go with their caches unless somebody asked otherwise. */
export const settingsForFormat = (format: PlanFormat, settings: PlanSettings): PlanSettings => {
  const { without }: ProgramFormat = programFormats[format];
  const cache = without.EXPERTS_IN_RAM === undefined ? {} : { KV_IN_RAM: settings.KV_IN_RAM === true };
  return { ...settings, ...cache, ...without };
};

export const takesBeside = (format: PlanFormat): boolean => {
  const { takesBeside: takes }: ProgramFormat = programFormats[format];
  return takes === true;
};

/** The plan as this program's own settings: a command line, a file or code. */
export const exportPlan = (format: PlanFormat, plan: ExportedPlan): string =>
  programFormats[format].write(plan).join("\n");
