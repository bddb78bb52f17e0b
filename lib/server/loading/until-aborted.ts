import { EngineCancelledError } from "@/lib/server/engine/engine-errors";

/**
 * Waits for a load that other callers may wait for as well.
 *
 * @throws EngineCancelledError when the signal fires first; the load goes on
 */
export async function untilAborted(done: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return done;
  const cancelled = new EngineCancelledError("Cancelled while the model was being loaded.");
  if (signal.aborted) throw cancelled;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(cancelled);
  });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
