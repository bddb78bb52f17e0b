import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";
import type { LocalModel } from "./local-model";

const bytesSchema = z.int().check(z.minimum(0));

const common = {
  id: z.string(),
  /** `hf:owner/repo/file.gguf` or an https address. The first part of a split model stands for all parts. */
  source: z.string(),
  /** What MODEL will be set to: the path below the models folder, "owner/repo/file.gguf". */
  name: z.string(),
  /** Of all parts together; null until the server was asked. */
  totalBytes: z.nullable(bytesSchema),
  receivedBytes: bytesSchema,
  /** Whether there is a sha256 to check against; null until the server was asked. */
  hasPublishedHash: z.nullable(z.boolean()),
  addedAtMs: z.number(),
};

/** One model that is fetched, or was. */
export const downloadSchema = z.discriminatedUnion("state", [
  z.object({ ...common, state: z.enum(["queued", "starting", "paused", "verifying", "done"]) }),
  z.object({
    ...common,
    state: z.literal("downloading"),
    /** null in the first second. */
    bytesPerSecond: z.nullable(z.number()),
    secondsLeft: z.nullable(z.number()),
  }),
  /** It is tried again by itself at `untilMs`. */
  z.object({ ...common, state: z.literal("waiting"), untilMs: z.number(), why: errorBodySchema }),
  z.object({ ...common, state: z.literal("failed"), error: errorBodySchema }),
]);
export type Download = z.infer<typeof downloadSchema>;

/** Downloads that are not over: the header and the tab's label count these. */
export const isUnfinished = ({ state }: Download): boolean => state !== "done" && state !== "failed";

/** Whether this file of the models folder is the one that `hf:owner/repo/file.gguf` is downloaded to. */
export const isDownloadOf = (model: Pick<LocalModel, "name">, source: string): boolean =>
  model.name === source.replace(/^hf:/i, "").replace(/^([^/]+\/[^/@]+)@[^/]+\//, "$1/");
