import { elementTypesOf } from "@/lib/schema/kv-type";
import type { LoadConfig } from "@/lib/schema/load-config";

/**
 * The flags of llama.cpp's `llama-server` that load a model exactly as this configuration says. `--fit off`: otherwise llama-server
 * changes what it takes for unset. It divides `-c` among its sequences, and node-llama-cpp computes each batch in one piece, so that
 * `-ub` is `-b`.
 *
 * @see llama.cpp common/arg.cpp
 */
export function llamaServerFlags(config: LoadConfig): string[] {
  const { gpuLayers, expertBlocksInRam, tensorSplit, kvInRam, sequences, batchTokens } = config;
  const { k, v } = elementTypesOf(config.kvType);
  return [
    ["-m", config.modelPath],
    ["-ngl", String(gpuLayers)],
    expertBlocksInRam === undefined ? [] : ["--n-cpu-moe", String(expertBlocksInRam)],
    tensorSplit === undefined ? [] : ["-ts", tensorSplit.join(",")],
    kvInRam === true ? ["--no-kv-offload"] : [],
    ["-c", String(config.contextTokens * sequences), "-np", String(sequences)],
    ["-b", String(batchTokens), "-ub", String(batchTokens)],
    ["-ctk", k, "-ctv", v],
    ["-fa", config.flashAttention],
    ["-t", String(config.threads)],
    config.useMmap ? [] : ["--load-mode", "none"],
    ["--fit", "off"],
  ].flat();
}
