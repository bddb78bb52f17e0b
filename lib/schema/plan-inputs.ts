import * as z from "zod/mini";
import { gpuMemorySchema } from "./gpu-memory";
import { memorySurfaceSchema } from "./memory-surface";
import { machineSpeedSchema } from "./plan-speed";

/** GET /api/surface: everything the browser needs to plan by itself. `gpu` is null where there is no card to plan for. */
export const planInputsSchema = z.object({
  /** The planned model, as MODEL names it. */
  source: z.string(),
  surface: memorySurfaceSchema,
  gpu: z.nullable(gpuMemorySchema),
  machine: machineSpeedSchema,
});
