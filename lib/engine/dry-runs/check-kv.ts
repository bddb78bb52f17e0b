import { kvBytesOfLayer } from "@/lib/plan/memory/memory-need";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { SurfaceOracle } from "./surface-oracle";

/** A batch of one token leaves nearly nothing but the cache in the context's memory. */
const BATCH_TOKENS = 1;
/** Allowed beyond the cache for one token: masks, inputs, and buffers of the quantized matrix products. */
const ALLOWED_BASE_BYTES = 4 * 1024 * 1024;
const ALLOWED_BYTES_PER_CELL = 600;
const ALLOWED_SHARE = 0.01;

/**
 * Whether the closed form of the KV cache (and of recurrent state) agrees with the dry run.
 *
 * The dry run gives only the sum of cache and compute. With a batch of one token, compute is almost zero. So the total must be only
 * a little more than the closed form, and must grow with the context as the closed form does.
 */
export async function kvClosedFormHolds(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  contexts: readonly [number, number],
): Promise<boolean> {
  const gpuLayers = oracle.gpu ? surface.model.blocks + 1 : 0;
  const beyond = async (contextTokens: number): Promise<{ bytes: number; kvBytes: number }> => {
    const { gpuBytes, ramBytes } = await oracle.context({ gpuLayers, contextTokens, kvType: "f16" }, BATCH_TOKENS);
    const run = { batchTokens: BATCH_TOKENS, sequences: surface.sequences };
    const kvBytes = surface.layers.reduce(
      (sum, layer) => sum + kvBytesOfLayer(layer, { contextTokens, kvType: "f16" }, run),
      0,
    );
    return { bytes: gpuBytes + ramBytes - kvBytes, kvBytes };
  };
  const [small, large] = [await beyond(contexts[0]), await beyond(contexts[1])];
  const widthBytes = 4 * (2 * surface.model.vocabularySize + 64 * surface.model.embeddingLength);
  const cells = contexts[1] * surface.sequences;
  const allowed = ALLOWED_BASE_BYTES + widthBytes + cells * ALLOWED_BYTES_PER_CELL + ALLOWED_SHARE * large.kvBytes;
  return small.bytes >= 0 && large.bytes >= small.bytes - ALLOWED_BASE_BYTES && large.bytes <= allowed;
}
