import * as z from "zod/mini";
import { gpuMemorySchema } from "./gpu-memory";
import { memorySurfaceSchema } from "./memory-surface";

/** GET /api/surface: all that the browser needs to plan by itself. `gpu` is null where there is no card to plan for. */
export const planInputsSchema = z.object({
  /** What it was made for, as MODEL names it. */
  source: z.string(),
  surface: memorySurfaceSchema,
  gpu: z.nullable(gpuMemorySchema),
});
