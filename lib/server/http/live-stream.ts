import type { LiveEvent } from "@/lib/schema/live-events";
import { formatEvent } from "./event-stream";
import type { LiveSampler } from "./live-sampler";

/** A reader that is this many events behind does not read. It may reconnect and get the present state. */
const MAX_BEHIND = 500;
/** Beyond this many waiting events, telemetry is left out: the next reading replaces it anyway. */
const BUSY_BEHIND = 8;

/** The events of one tab, until it leaves. */
export async function* liveStream(sampler: LiveSampler, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const waiting: string[] = [];
  let hasEnded = false;
  let wake = (): void => {};
  let unsubscribe = (): void => {};
  const end = (): void => {
    hasEnded = true;
    unsubscribe();
    wake();
  };
  const next = (event: LiveEvent): void => {
    if (waiting.length >= MAX_BEHIND) end();
    else if (event.type !== "telemetry" || waiting.length <= BUSY_BEHIND) {
      waiting.push(formatEvent(event, event.type));
      wake();
    }
  };
  unsubscribe = sampler.subscribe({ next, end });
  signal.addEventListener("abort", end, { once: true });
  try {
    yield "retry: 2000\n\n";
    for (;;) {
      yield* waiting.splice(0);
      if (waiting.length > 0) continue;
      if (hasEnded) return;
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  } finally {
    unsubscribe();
  }
}
