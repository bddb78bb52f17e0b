import { describe, expect, it } from "vitest";
import { engineEnvironment } from "./engine-environment";

const run = { gpu: "auto", build: "prebuilt", generation: 1 } as const;

describe("the order in which CUDA counts cards", () => {
  it("is that of the bus, as nvidia-smi counts them", () => {
    expect(engineEnvironment({}, run).CUDA_DEVICE_ORDER).toBe("PCI_BUS_ID");
    expect(engineEnvironment({ CUDA_VISIBLE_DEVICES: "0" }, run)).toMatchObject({
      CUDA_DEVICE_ORDER: "PCI_BUS_ID",
      CUDA_VISIBLE_DEVICES: "0",
    });
  });

  it("stays what a user has set", () => {
    expect(engineEnvironment({ CUDA_DEVICE_ORDER: "FASTEST_FIRST" }, run).CUDA_DEVICE_ORDER).toBe("FASTEST_FIRST");
  });
});

describe("what the engine sees of the environment", () => {
  it.each([
    "GGML_CUDA_ENABLE_UNIFIED_MEMORY",
    "GGML_VK_VISIBLE_DEVICES",
    "GGML_VK_DISABLE_COOPMAT",
    "CUDA_VISIBLE_DEVICES",
    "VK_ICD_FILENAMES",
    "HIP_VISIBLE_DEVICES",
    "PATH",
  ])("holds %s, which users set for llama.cpp and its drivers", name => {
    expect(engineEnvironment({ [name]: "1" }, run)[name]).toBe("1");
  });

  it.each(["Path", "SYSTEMROOT", "cuda_path"])("holds %s, as Windows may write it", name => {
    expect(engineEnvironment({ [name]: "1" }, run)[name]).toBe("1");
  });

  it.each(["HF_TOKEN", "HEADROOM_TOKEN", "AWS_SECRET_ACCESS_KEY", "NODE_OPTIONS", "LD_PRELOAD", "hf_token"])(
    "S16 does not hold %s",
    name => {
      expect(engineEnvironment({ [name]: "canary" }, run)).not.toHaveProperty(name);
    },
  );
});
