import type { LiveEvent } from "@/lib/schema/live-events";
import { formatEvent, keepAlive } from "./event-stream";
import type { LiveSampler } from "./live-sampler";

/** A reader that is this many events behind does not read. It may reconnect and get the present state. */
const MAX_BEHIND = 500;
/** Beyond this many waiting events, telemetry is left out: the next reading replaces it anyway. */
const BUSY_BEHIND = 8;

/** The events of one tab. */
export function liveStream(sampler: LiveSampler, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let leave = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string): void => controller.enqueue(encoder.encode(text));
        const behind = (): number => MAX_BEHIND - (controller.desiredSize ?? 0);
        const end = (): void => {
          leave();
          controller.close();
        };
        const next = (event: LiveEvent): void => {
          if (behind() >= MAX_BEHIND) end();
          else if (event.type !== "telemetry" || behind() <= BUSY_BEHIND) send(formatEvent(event, event.type));
        };
        send("retry: 2000\n\n");
        const rest = keepAlive(send);
        let unsubscribe = (): void => {};
        leave = () => {
          rest();
          unsubscribe();
        };
        unsubscribe = sampler.subscribe({ next, end });
        signal.addEventListener("abort", leave, { once: true });
      },
      cancel: () => leave(),
    },
    { highWaterMark: MAX_BEHIND },
  );
}
