import { errorReason } from "@/lib/schema/error-reason";
import type { Settings } from "@/lib/schema/settings/settings";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import type { LogWriter } from "@/lib/server/system/log";
import type { Serving } from "./host-state";
import type { LastLoaded } from "./last-loaded";
import { sameLoad, withLoadOf } from "./load-settings";
import type { ModelLoader } from "./model-loader";

export interface FallBackOptions {
  readonly engine: Pick<EngineSupervisor, "snapshot" | "restart" | "announce">;
  readonly loader: Pick<ModelLoader, "load">;
  readonly lastLoaded: Pick<LastLoaded, "read">;
  readonly onLog: LogWriter;
}

/**
 * Loads these settings. If that fails, what answered before stays if it is still loaded; otherwise the settings that loaded last
 * are loaded. The engine's snapshot says which settings these are, and why.
 *
 * @param before what answers now; read only when the load has failed
 * @returns what answers afterwards
 * @throws the error of these settings when there is nothing to go back to
 */
export async function loadOrFallBack(
  options: FallBackOptions,
  settings: Settings,
  before: () => Serving | null,
  signal: AbortSignal,
): Promise<Serving> {
  try {
    const { planned, notice } = await options.loader.load(settings, signal);
    options.engine.announce({ error: null, notice });
    return { settings, planned };
  } catch (error) {
    if (signal.aborted || errorCodeOf(error) === "CANCELLED") throw error;
    announceFailure(options, error);
    const serving = before();
    if (serving === null || options.engine.snapshot().config === null)
      return loadLast(options, settings, error, signal);
    announceFailure(options, error, "The model that was loaded before stays in use.");
    return serving;
  }
}

/** @throws `error`, that of the failed settings, when the last ones are the same or cannot be loaded either */
async function loadLast(
  options: FallBackOptions,
  failed: Settings,
  error: unknown,
  signal: AbortSignal,
): Promise<Serving> {
  const last = await options.lastLoaded.read();
  if (last === null) throw error;
  const settings = withLoadOf(failed, last);
  if (sameLoad(settings, failed)) throw error;
  if (options.engine.snapshot().state === "failed") await options.engine.restart();
  const { planned, notice } = await options.loader.load(settings, signal).catch(() => {
    throw error;
  });
  const wentBack = `${settings.MODEL} is loaded with the settings that worked last.`;
  announceFailure(options, error, notice === null ? wentBack : `${wentBack} ${notice}`);
  return { settings, planned };
}

/** Shows and logs why a model could not be loaded, and what was done instead. */
export function announceFailure(
  { engine, onLog }: Pick<FallBackOptions, "engine" | "onLog">,
  error: unknown,
  notice: string | null = null,
): void {
  onLog("warn", `the model could not be loaded: ${errorReason(error)}`);
  engine.announce({ error: errorAnswer(error).body, notice });
}
