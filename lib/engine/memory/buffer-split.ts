import type { BufferSplit } from "@/lib/schema/plans/load-config";
import { mibToBytes } from "@/lib/units/bytes";
import type { LlamaLogLine } from "../engine-log";

/** "llama_kv_cache:    Vulkan0 KV buffer size =    23.91 MiB". RS is the state of recurrent layers, a buffer separate from the KV cache. */
const BUFFER_LINE = /(\S+) +(KV|RS|compute|output) buffer size = +([\d.]+) MiB/;
/** What llama.cpp prints after the buffers of all devices: "sched_reserve: graph: nodes = 936, splits = 1". */
export const AFTER_BUFFERS_LINE = /graph: nodes = /;

/** Everything else is a device: CUDA0, Vulkan0, Metal. `CUDA_Host` and `Vulkan_Host` are system memory that the GPU can read. */
const HOST_BUFFER = /^(CPU|BLAS)|_Host$/;

type Part = keyof BufferSplit;

function partOf(bufferName: string, kind: string): Part {
  const host = HOST_BUFFER.test(bufferName);
  if (kind === "KV" || kind === "RS") return host ? "ramKvBytes" : "gpuKvBytes";
  return host ? "ramComputeBytes" : "gpuComputeBytes";
}

/**
 * The context's buffers by kind and device, from llama.cpp's info log, which is the only source (engine.md, trap 6).
 * The log rounds to 0.01 MiB, so the sum of the parts differs from the exact total by up to that much per part.
 */
export function bufferSplit(lines: readonly LlamaLogLine[]): BufferSplit {
  const split: Record<Part, number | null> = {
    gpuKvBytes: null,
    gpuComputeBytes: null,
    ramKvBytes: null,
    ramComputeBytes: null,
  };
  for (const { text } of lines) {
    const [, bufferName, kind, mib] = BUFFER_LINE.exec(text) ?? [];
    if (bufferName === undefined || kind === undefined) continue;
    const part = partOf(bufferName, kind);
    split[part] = (split[part] ?? 0) + mibToBytes(Number(mib));
  }
  return split;
}

/** Whether flash attention runs, from the same log; null if the log does not say. */
export function flashAttentionActive(lines: readonly LlamaLogLine[]): boolean | null {
  const text = lines.map(line => line.text).join("\n");
  if (/Flash Attention not supported|flash_attn += disabled/.test(text)) return false;
  return /Flash Attention enabled|flash_attn += enabled/.test(text) ? true : null;
}
