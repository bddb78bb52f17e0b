import { readSlots } from "@/lib/schema/api/llama-server";
import { route } from "@/lib/server/compose/route";

export const GET = route(readSlots, ({ services: { engine } }) => {
  const { config, answering } = engine.snapshot();
  return Array.from({ length: config?.sequences ?? 0 }, (_, id) => ({
    id,
    n_ctx: config?.contextTokens ?? 0,
    is_processing: id < answering,
  }));
});
