import { describe, expect, it } from "vitest";
import { EngineLog } from "../engine-log";
import { loadErrorCode, reportedDeficitBytes } from "./load-error";

describe("loadErrorCode", () => {
  it.each([
    ["ggml_vulkan: Device memory allocation of size 1073741824 failed.", "OUT_OF_MEMORY"],
    [
      "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 3922.02 MiB on device 0: cudaMalloc failed: out of memory",
      "OUT_OF_MEMORY",
    ],
    ["alloc_tensor_range: failed to allocate Vulkan0 buffer of size 2147483648", "OUT_OF_MEMORY"],
    ["llama_model_load: error loading model: unknown model architecture: 'brontosaurus'", "UNSUPPORTED_ARCH"],
    [
      "llama_model_load: error loading model: tensor 'blk.0.attn_q.weight' data is not within the file bounds, model is corrupted or incomplete",
      "CORRUPT_MODEL",
    ],
    ["llama_init_from_model: quantized V cache requires flash_attn to be enabled", "INVALID_INPUT"],
    ["Something nobody has seen before", "ENGINE_FAILED"],
  ])("%s", (message, code) => {
    expect(loadErrorCode(message)).toBe(code);
  });
});

describe("missingBytes", () => {
  it.each([
    // 1 GiB was wanted and 600 MiB were free.
    ["Device memory allocation of size 1073741824 failed.", 600 * 1024 ** 2, 424 * 1024 ** 2],
    ["allocating 1024.00 MiB on device 0: cudaMalloc failed", 600 * 1024 ** 2, 424 * 1024 ** 2],
    // More free than one allocation: memory was in pieces, or another program was quicker.
    ["failed to allocate CUDA0 buffer of size 1000", 5000, 1],
    ["out of memory", 5000, null],
  ])("%s with %s bytes free", (text, freeBytes, missing) => {
    expect(reportedDeficitBytes(text, freeBytes)).toBe(missing);
  });
});

describe("EngineLog", () => {
  it("tells the last errors since a mark", async () => {
    const log = new EngineLog();
    log.write("error", "of an older load");
    const mark = log.mark();
    log.write("info", "loading");
    expect(await log.reasonSince(mark)).toBeNull();
    log.write("error", "first\nsecond\n");
    expect(await log.reasonSince(mark)).toBe("first | second");
  });

  it("finds its place again after old lines were dropped", () => {
    const log = new EngineLog();
    for (let line = 0; line < 1500; line++) log.write("info", `line ${line}`);
    const mark = log.mark();
    log.write("info", "new");
    expect(log.since(mark).map(({ text }) => text)).toEqual(["new"]);
    expect(log.since(0)).toHaveLength(1000);
  });
});
