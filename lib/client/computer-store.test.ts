import { expect, it } from "vitest";
import type { Receipt } from "@/lib/schema/receipt";
import { cpuSpeedOf } from "./computer-store";

const receipt = (modelName: string, gpuLayers: number, tokensPerSecond: number | null) =>
  ({ modelName, config: { gpuLayers }, tokensPerSecond }) as Receipt;

it("the speed of a model on the CPU is that of its newest answer there", () => {
  const receipts = [
    receipt("small.gguf", 0, null),
    receipt("small.gguf", 31, 400),
    receipt("other.gguf", 0, 5),
    receipt("small.gguf", 0, 71.2),
    receipt("small.gguf", 0, 60),
  ];
  expect(cpuSpeedOf(receipts, "small.gguf")).toBe(71.2);
  expect(cpuSpeedOf(receipts, "new.gguf")).toBeNull();
});
