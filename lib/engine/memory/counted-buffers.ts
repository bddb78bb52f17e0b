import type { LlamaContext, LlamaModel } from "node-llama-cpp";
import { logitsBytes } from "@/lib/plan/memory/memory-need";
import type { Buffers } from "@/lib/schema/plans/load-config";
import { vocabularyOf } from "../prompt/tokenize-parts";

/** llama.cpp's own count of what it allocated for a model and its context, and the logits, which that count lacks. */
export const countedBuffers = (model: LlamaModel, context: LlamaContext): Buffers => ({
  gpuWeightsBytes: model.memoryUsage.vram,
  gpuContextBytes: context.memoryUsage.vram,
  ramWeightsBytes: model.memoryUsage.ram,
  ramContextBytes: context.memoryUsage.ram + logitsBytes(vocabularyOf(model).length, context.totalSequences),
});
