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
