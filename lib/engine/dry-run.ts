import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { GgmlType, type GgufFileInfo, GgufInsights, readGgufFileInfo } from "node-llama-cpp";
import { splitPartNames } from "@/lib/gguf/split-name";
import { type KvType, kvTypeTable } from "@/lib/schema/kv-type";
import type { Buffers, LoadConfig } from "@/lib/schema/load-config";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { JobError } from "./job-error";
import type { LlamaBackend } from "./llama-backend";
import { readDryRunHeader } from "./read-dry-run-header";

/** Memory used on one device and in system memory. */
export interface DeviceBytes {
  readonly gpuBytes: number;
  readonly ramBytes: number;
}

export type WeightsRun = Pick<LoadConfig, "gpuLayers" | "useMmap">;
export type ContextRun = WeightsRun &
  Pick<LoadConfig, "contextTokens" | "batchTokens" | "sequences" | "kvType" | "flashAttention">;

export const ggmlTypeOf = (kvType: KvType): GgmlType => GgmlType[kvTypeTable[kvType].ggmlType];

const largest = (counts: number | readonly number[] | undefined): number => Math.max(0, ...[counts ?? 0].flat());

export const flashAttentionOption = (mode: LoadConfig["flashAttention"]): "auto" | boolean =>
  mode === "auto" ? "auto" : mode === "on";

/**
 * Has llama.cpp build a model and its contexts without allocating memory, to report what it would allocate. The planner's exact
 * figures come from here. Needs only the header: the file may be sparse, or not downloaded beyond its header.
 */
export class DryRun {
  private constructor(
    private readonly backend: LlamaBackend,
    private readonly insights: GgufInsights,
  ) {}

  /** How many dry runs were made. Reported as the cost of a sampling. */
  runs = 0;

  static async open(backend: LlamaBackend, modelPath: string): Promise<DryRun> {
    const fileInfo = await headerInfo(modelPath);
    return new DryRun(backend, await GgufInsights.from(fileInfo, backend.llama));
  }

  /** @throws JobError CORRUPT_MODEL with llama.cpp's own reason for a file that it cannot load */
  async weights({ gpuLayers, useMmap }: WeightsRun): Promise<DeviceBytes> {
    const run = this.insights.estimateModelResourceRequirementsV2({ gpuLayers: this.#layers(gpuLayers), useMmap });
    return this.#onlyIfReal(run, reason => new JobError("CORRUPT_MODEL", `llama.cpp refuses this file: ${reason}`));
  }

  /** @throws JobError as `weights` does; ENGINE_FAILED for a context that this model cannot have */
  async context(run: ContextRun): Promise<DeviceBytes> {
    // If the model itself is refused, node-llama-cpp only reports that the context failed.
    if (this.runs === 0) await this.weights(run);
    const kvCacheType = ggmlTypeOf(run.kvType);
    return this.#onlyIfReal(
      this.insights.estimateContextResourceRequirementsV2({
        contextSize: run.contextTokens,
        modelGpuLayers: this.#layers(run.gpuLayers),
        batchSize: run.batchTokens,
        sequences: run.sequences,
        flashAttention: flashAttentionOption(run.flashAttention),
        kvCacheKeyType: kvCacheType,
        kvCacheValueType: kvCacheType,
        useMmap: run.useMmap,
      }),
      reason => new JobError("ENGINE_FAILED", reason),
    );
  }

  async buffers(run: ContextRun): Promise<Buffers> {
    const weights = await this.weights(run);
    const context = await this.context(run);
    return {
      gpuWeightsBytes: weights.gpuBytes,
      gpuContextBytes: context.gpuBytes,
      ramWeightsBytes: weights.ramBytes,
      ramContextBytes: context.ramBytes,
    };
  }

  /** K or V of one layer, from the plain keys of the header. Where heads differ between layers, the largest counts. */
  largestCacheTensorBytes({
    contextTokens,
    sequences,
    kvType,
  }: Pick<ContextRun, "contextTokens" | "sequences" | "kvType">): number {
    const { attention, embedding_length: width } = this.insights.ggufFileInfo.architectureMetadata;
    const heads = largest(attention?.head_count);
    const headSize =
      Math.max(attention?.key_length ?? 0, attention?.value_length ?? 0) || Number(width ?? 0) / (heads || 1);
    const elements = (largest(attention?.head_count_kv) || heads) * headSize;
    return (
      padUp(contextTokens, CONTEXT_PAD_TOKENS) * sequences * elements * (kvTypeTable[kvType].bytesPer32Elements / 32)
    );
  }

  /** Without a GPU, node-llama-cpp gives figures for a missing GPU unless it is asked for 0 layers. */
  #layers(gpuLayers: number): number {
    return this.backend.info.gpuUsable ? gpuLayers : 0;
  }

  /** When the dry run fails, node-llama-cpp returns the result of a rough formula, and only its log says so. */
  async #onlyIfReal(
    run: Promise<{ gpuVram: number; cpuRam: number }>,
    failure: (reason: string) => JobError,
  ): Promise<DeviceBytes> {
    const { log } = this.backend;
    const mark = log.mark();
    const { gpuVram, cpuRam } = await run;
    this.runs += 1;
    const fellBack = log.since(mark).some(line => line.text.includes("Falling back to estimation heuristic"));
    if (fellBack) throw failure((await log.reasonSince(mark)) ?? "it could not build this model and does not say why.");
    return { gpuBytes: gpuVram, ramBytes: cpuRam };
  }
}

/** The files of a split model, in order; one file otherwise. */
const partsOf = (modelPath: string): string[] =>
  splitPartNames(basename(modelPath)).map(name => join(dirname(modelPath), name));

/**
 * The file information that node-llama-cpp needs, from a copy of the header without the tokenizer (see `dryRunHeader`).
 * Its reader accepts only paths, so the small copy is on disk for a moment. The dry run itself reads it from memory.
 */
async function headerInfo(modelPath: string): Promise<GgufFileInfo> {
  const folder = await mkdtemp(join(tmpdir(), "headroom-dry-run-"));
  try {
    const headers: Uint8Array[] = [];
    const parts = partsOf(modelPath);
    const copyOf = (part: string) => join(folder, parts.length === 1 ? "header.gguf" : basename(part));
    for (const part of parts) {
      const header = await readDryRunHeader(part);
      headers.push(header);
      await writeFile(copyOf(part), header);
    }
    const info = await readGgufFileInfo(copyOf(parts[0] ?? modelPath), {
      sourceType: "filesystem",
      logWarnings: false,
    });
    return { ...info, sourceData: headers.map(header => ({ type: "buffer", buffer: Buffer.from(header) })) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
