import type { FitQuery } from "@/lib/schema/models/remote-models";
import { type FitServices, fitRepository } from "@/lib/server/planning/fit-repository";
import { EventStream, formatEvent } from "./event-stream";

/**
 * The events of a repository's fit as server-sent events.
 *
 * @throws RemoteHeaderError for a repository that cannot be listed: that is an answer with its own status, not an event
 */
export async function fitStream(services: FitServices, query: FitQuery, signal: AbortSignal): Promise<EventStream> {
  const events = fitRepository(services, query, signal);
  const first = await events.next();
  async function* texts(): AsyncGenerator<string> {
    if (!first.done) yield formatEvent(first.value);
    for await (const event of events) yield formatEvent(event);
  }
  return new EventStream(texts());
}
