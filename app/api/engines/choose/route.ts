import { chooseEngine } from "@/lib/schema/api/engines";
import { route } from "@/lib/server/compose/route";

export const POST = route(chooseEngine, async ({ body, signal, services: { otherEngines, host } }) => {
  await otherEngines.choose(body.choice, signal);
  // Its memory is free for others while another engine answers.
  if (body.choice !== null) await host.unload();
  return otherEngines.list(signal);
});
