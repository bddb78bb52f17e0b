import { readSlots } from "@/lib/schema/api/llama-server";
import { contextTokensOf } from "@/lib/schema/live-events";
import { route } from "@/lib/server/compose/route";

export const GET = route(readSlots, ({ services: { host } }) => {
  const snapshot = host.snapshot();
  const { config, answering, other } = snapshot;
  // A server that does not tell its slots has one for each of our answers.
  const slots = other?.load?.slots ?? config?.sequences ?? (other === undefined ? 0 : Math.max(1, answering));
  const processing = other?.load?.running ?? answering;
  return Array.from({ length: slots }, (_, id) => ({
    id,
    n_ctx: contextTokensOf(snapshot) ?? 0,
    is_processing: id < processing,
  }));
});
