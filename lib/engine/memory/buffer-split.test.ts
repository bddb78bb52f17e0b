import { describe, expect, it } from "vitest";
import { bufferSplit, flashAttentionActive } from "./buffer-split";

const lines = (text: string) => text.split("\n").map(line => ({ level: "info" as const, text: line.trim() }));

/** As printed for 16 of 31 layers of the default model on a Vulkan device, q8_0, 4096 tokens. */
const partial = lines(`llama_init_from_model: enabling flash_attn since it is required for quantized V cache
  llama_context: flash_attn            = enabled
  llama_context: Vulkan_Host  output buffer size =     0.19 MiB
  llama_kv_cache:        CPU KV buffer size =    23.91 MiB
  llama_kv_cache:    Vulkan0 KV buffer size =    23.91 MiB
  sched_reserve:    Vulkan0 compute buffer size =    97.12 MiB
  sched_reserve: Vulkan_Host compute buffer size =     6.29 MiB`);

describe("bufferSplit", () => {
  it("sums by kind and device; memory of the host that the GPU can read is RAM", () => {
    // 23.91 MiB = 25,071,452 bytes; 97.12 = 101,837,701; 0.19 + 6.29 = 199,229 + 6,595,543.
    expect(bufferSplit(partial)).toEqual({
      gpuKvBytes: 25_071_452,
      ramKvBytes: 25_071_452,
      gpuComputeBytes: 101_837_701,
      ramComputeBytes: 6_794_772,
    });
  });

  it("counts recurrent state with the cache, and two caches of one device together", () => {
    const split = bufferSplit(
      lines(`llama_kv_cache:      CUDA0 KV buffer size =   100.00 MiB
        llama_kv_cache:      CUDA0 KV buffer size =    20.00 MiB
        llama_memory_recurrent:      CUDA0 RS buffer size =     2.00 MiB`),
    );
    expect(split).toEqual({
      gpuKvBytes: 122 * 1024 ** 2,
      gpuComputeBytes: null,
      ramKvBytes: null,
      ramComputeBytes: null,
    });
  });

  it("knows nothing from silence", () => {
    expect(bufferSplit([])).toEqual({
      gpuKvBytes: null,
      gpuComputeBytes: null,
      ramKvBytes: null,
      ramComputeBytes: null,
    });
  });
});

describe("flashAttentionActive", () => {
  it.each([
    ["llama_context: flash_attn            = enabled", true],
    ["llama_context: flash_attn            = disabled", false],
    ["llama_context: flash_attn            = auto\nsched_reserve: Flash Attention enabled", true],
    [
      "llama_context: flash_attn            = auto\nsched_reserve: Flash Attention not supported, set to disabled",
      false,
    ],
    ["llama_context: flash_attn            = auto", null],
  ])("reads %j as %s", (text, active) => {
    expect(flashAttentionActive(lines(text))).toBe(active);
  });
});
