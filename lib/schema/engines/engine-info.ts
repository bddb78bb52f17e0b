import * as z from "zod/mini";
import { gpuBackendSchema } from "../plans/gpu-memory";
import { placementLeverSchema } from "../plans/placement";

/** The engine's backend and devices, as a child reports when it is ready. */
export const engineInfoSchema = z.object({
  backend: gpuBackendSchema,
  /** False when a GPU backend was asked for and could not start. */
  gpuUsable: z.boolean(),
  devices: z.array(z.string()),
  /** Memory of these devices together, as the backend counts it. Missing when it was not read. */
  deviceTotalBytes: z.optional(z.int().check(z.minimum(0))),
  llamaCppRelease: z.string(),
  nodeLlamaCppVersion: z.string(),
  buildType: z.enum(["prebuilt", "localBuild"]),
  mathCores: z.int(),
  /** Why there is no GPU, in the backend's own words if it gives a reason. */
  gpuProblem: z.nullable(z.string()),
  placement: placementLeverSchema,
});
export type EngineInfo = z.infer<typeof engineInfoSchema>;
