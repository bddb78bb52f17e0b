import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { GgmlType, type GgufFileInfo, GgufInsights, readGgufFileInfo } from "node-llama-cpp";
import { splitPartNames } from "@/lib/gguf/header/split-name";
import { logitsBytes } from "@/lib/plan/memory/memory-need";
import { elementTypesOf, type KvType, kvTypeTable } from "@/lib/schema/plans/kv-type";
import type { Buffers, LoadConfig } from "@/lib/schema/plans/load-config";
import type { DeviceBuffers } from "@/lib/schema/plans/placement";
import { keepLatest } from "@/lib/units/keep-latest";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import type { LlamaBackend } from "../backend/llama-backend";
import { type PlacementOptions, placementKey } from "../backend/placer";
import { JobError } from "../job-error";
import { type ExpertTensor, expertTensorsOf, misplacedKv, misplacement } from "./misplacement";
import { readDryRunHeader } from "./read-dry-run-header";

/** Memory used on one device and in system memory. */
export interface DeviceBytes {
  readonly gpuBytes: number;
  readonly ramBytes: number;
}

export type WeightsRun = Pick<LoadConfig, "gpuLayers" | "useMmap"> & PlacementOptions;
export type ContextRun = WeightsRun &
  Pick<LoadConfig, "contextTokens" | "batchTokens" | "sequences" | "kvType" | "flashAttention"> & {
    /** A context that makes vectors of texts, and no answers. */
    readonly embeds?: boolean;
  };

/** node-llama-cpp's types of K and of V. */
export function ggmlTypesOf(kvType: KvType): { readonly k: GgmlType; readonly v: GgmlType } {
  const { k, v } = elementTypesOf(kvType);
  return { k: GgmlType[kvTypeTable[k].ggmlType], v: GgmlType[kvTypeTable[v].ggmlType] };
}

/** node-llama-cpp remembers this many results. We remember what each device took a little longer. */
const KEPT_RESULTS = 60;
/** Each keeps up to ten models without weights. A person compares a handful of placements. */
const KEPT_PLACEMENTS = 8;

/** Dry runs of one placement. node-llama-cpp remembers them by layers and memory mapping only, so each placement has its own insights. */
interface PlacedInsights {
  readonly insights: GgufInsights;
  readonly devices: Map<string, readonly DeviceBuffers[]>;
  /** Settled once, by the first dry run of this placement. */
  isChecked: boolean;
}

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
    private readonly fileInfo: GgufFileInfo,
  ) {}

  /** How many dry runs were made. Reported as the cost of a surface. */
  runs = 0;
  readonly #placed = new Map<string, PlacedInsights>();

  static async open(backend: LlamaBackend, modelPath: string): Promise<DryRun> {
    return new DryRun(backend, await headerInfo(modelPath));
  }

  expertTensors(): readonly ExpertTensor[] {
    return expertTensorsOf(this.fileInfo);
  }

  /** @throws JobError CORRUPT_MODEL with llama.cpp's own reason for a file that it cannot load */
  async weights(run: WeightsRun): Promise<DeviceBytes> {
    return (await this.#placedWeights(run)).bytes;
  }

  async #placedWeights(run: WeightsRun): Promise<PlacedBytes> {
    const placed = await this.#insightsFor(run);
    const { useMmap } = run;
    const gpuLayers = this.#layers(run.gpuLayers);
    const found = await this.#onlyIfReal(
      placed,
      run,
      ["weights", gpuLayers, useMmap].join(" "),
      () => placed.insights.estimateModelResourceRequirementsV2({ gpuLayers, useMmap }),
      reason => new JobError("CORRUPT_MODEL", `llama.cpp refuses this file: ${reason}`),
    );
    if (!placed.isChecked) await this.#check(run, found);
    placed.isChecked = true;
    return found;
  }

  /** Compares the first dry run of a placement with one without it: an addon that changes nothing is worse than none. */
  async #check(run: WeightsRun, placed: PlacedBytes): Promise<void> {
    if (placementKey(run) === "") return;
    const { gpuLayers, useMmap } = run;
    const plain = await this.weights({ gpuLayers, useMmap });
    const wrong = misplacement(this.backend, this.fileInfo, run, {
      plain,
      placed: placed.bytes,
      devices: placed.devices,
    });
    this.#offIf(wrong);
  }

  #offIf(wrong: string | null): void {
    if (wrong === null) return;
    this.backend.placer.turnOff(wrong);
    throw new JobError("PLACEMENT_UNAVAILABLE", wrong);
  }

  /** @throws JobError as `weights` does; ENGINE_FAILED for a context that this model cannot have */
  async context(run: ContextRun): Promise<DeviceBytes> {
    return (await this.#placedContext(run)).bytes;
  }

  async #placedContext(run: ContextRun): Promise<PlacedBytes> {
    const placed = await this.#insightsFor(run);
    // If the model itself is refused, node-llama-cpp only reports that the context failed.
    if (!placed.isChecked) await this.#placedWeights(run);
    const cache = ggmlTypesOf(run.kvType);
    const options = {
      contextSize: run.contextTokens,
      modelGpuLayers: this.#layers(run.gpuLayers),
      batchSize: run.batchTokens,
      sequences: run.sequences,
      flashAttention: flashAttentionOption(run.flashAttention),
      kvCacheKeyType: cache.k,
      kvCacheValueType: cache.v,
      useMmap: run.useMmap,
      ...(run.embeds && { isEmbeddingContext: true }),
    };
    const found = await this.#onlyIfReal(
      placed,
      run,
      JSON.stringify(options),
      () => placed.insights.estimateContextResourceRequirementsV2(options),
      reason => new JobError("ENGINE_FAILED", reason),
    );
    this.#offIf(misplacedKv(run, found.devices));
    return found;
  }

  /** With the logits, which llama.cpp's dry run does not count. */
  async buffers(run: ContextRun): Promise<Buffers> {
    const weights = await this.weights(run);
    const context = await this.context(run);
    return {
      gpuWeightsBytes: weights.gpuBytes,
      gpuContextBytes: context.gpuBytes,
      ramWeightsBytes: weights.ramBytes,
      ramContextBytes: context.ramBytes + logitsBytes(this.#vocabularySize, run.sequences),
    };
  }

  /** As the reduced header declares it. */
  get #vocabularySize(): number {
    return Number(this.fileInfo.architectureMetadata.vocab_size ?? 0);
  }

  /** The same by device, weights included; null if it cannot be told (see `Placed`). */
  async devices(run: ContextRun): Promise<readonly DeviceBuffers[] | null> {
    return (await this.#placedContext(run)).devices;
  }

  /** K or V of one layer, from the plain keys of the header. Where heads differ between layers, the largest counts. */
  largestCacheTensorBytes({
    contextTokens,
    sequences,
    kvType,
  }: Pick<ContextRun, "contextTokens" | "sequences" | "kvType">): number {
    const { attention, embedding_length: width } = this.fileInfo.architectureMetadata;
    const heads = largest(attention?.head_count);
    const headSize =
      Math.max(attention?.key_length ?? 0, attention?.value_length ?? 0) || Number(width ?? 0) / (heads || 1);
    const elements = (largest(attention?.head_count_kv) || heads) * headSize;
    const { k, v } = elementTypesOf(kvType);
    const bytesPer32Elements = Math.max(kvTypeTable[k].bytesPer32Elements, kvTypeTable[v].bytesPer32Elements);
    return padUp(contextTokens, CONTEXT_PAD_TOKENS) * sequences * elements * (bytesPer32Elements / 32);
  }

  /** Without a GPU, node-llama-cpp gives figures for a missing GPU unless it is asked for 0 layers. */
  #layers(gpuLayers: number): number {
    return this.backend.info.gpuUsable ? gpuLayers : 0;
  }

  async #insightsFor(placement: PlacementOptions): Promise<PlacedInsights> {
    const key = placementKey(placement);
    const found = this.#placed.get(key) ?? {
      insights: await GgufInsights.from(this.fileInfo, this.backend.llama),
      devices: new Map(),
      isChecked: false,
    };
    keepLatest(this.#placed, key, found, KEPT_PLACEMENTS);
    return found;
  }

  /** When the dry run fails, node-llama-cpp returns the result of a rough formula, and only its log says so. */
  async #onlyIfReal(
    placed: PlacedInsights,
    placement: PlacementOptions,
    key: string,
    run: () => Promise<{ gpuVram: number; cpuRam: number }>,
    failure: (reason: string) => JobError,
  ): Promise<PlacedBytes> {
    const { log, placer } = this.backend;
    const { result, devices } = await placer.place(placement, async () => {
      const mark = log.mark();
      const { gpuVram, cpuRam } = await run();
      this.runs += 1;
      const fellBack = log.since(mark).some(line => line.text.includes("Falling back to estimation heuristic"));
      if (fellBack)
        throw failure((await log.reasonSince(mark)) ?? "it could not build this model and does not say why.");
      return { gpuBytes: gpuVram, ramBytes: cpuRam };
    });
    const known = devices ?? placed.devices.get(key) ?? null;
    if (known !== null) keepLatest(placed.devices, key, known, KEPT_RESULTS);
    return { bytes: result, devices: known };
  }
}

interface PlacedBytes {
  readonly bytes: DeviceBytes;
  readonly devices: readonly DeviceBuffers[] | null;
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
