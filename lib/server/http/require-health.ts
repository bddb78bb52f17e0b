import type { EngineSnapshot } from "@/lib/schema/live-events";
import { RequestError } from "@/lib/server/system/request-error";

/**
 * llama.cpp's answer for a server that can be used. An unloaded model counts as one, because the first request loads it.
 *
 * @throws RequestError BUSY while a model is being loaded, ENGINE_FAILED when none can be
 */
export function requireHealth({ state, error }: Pick<EngineSnapshot, "state" | "error">): { status: "ok" } {
  if (state === "starting" || state === "loading") throw new RequestError("BUSY", "The model is being loaded.");
  if (state === "failed") throw new RequestError("ENGINE_FAILED", error?.message ?? "The engine has given up.");
  return { status: "ok" };
}
