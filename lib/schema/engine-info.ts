import * as z from "zod/mini";
import { gpuBackendSchema } from "./gpu-memory";

/** The engine's backend and devices, as a child tells when it is up. */
export const engineInfoSchema = z.object({
  backend: gpuBackendSchema,
  /** False when a GPU backend was asked for and could not start. */
  gpuUsable: z.boolean(),
  devices: z.array(z.string()),
  /** Memory of these devices together, as the backend counts it. Missing: not asked. */
  deviceTotalBytes: z.optional(z.int().check(z.minimum(0))),
  llamaCppRelease: z.string(),
  nodeLlamaCppVersion: z.string(),
  buildType: z.enum(["prebuilt", "localBuild"]),
  mathCores: z.int(),
  /** Why there is no GPU, from the backend's own words, where it says. */
  gpuProblem: z.nullable(z.string()),
});
export type EngineInfo = z.infer<typeof engineInfoSchema>;
