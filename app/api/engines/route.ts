import { addEngine, changeEngine, listEngines, removeEngine } from "@/lib/schema/api/engines";
import { route } from "@/lib/server/compose/route";

export const GET = route(listEngines, ({ signal, services: { otherEngines } }) => otherEngines.list(signal));

export const POST = route(addEngine, async ({ body, signal, services: { otherEngines } }) => {
  await otherEngines.add(body, signal);
  return otherEngines.list(signal);
});

export const PATCH = route(changeEngine, ({ body: { id, ...change }, signal, services: { otherEngines } }) => {
  otherEngines.change(id, change);
  return otherEngines.list(signal);
});

export const DELETE = route(removeEngine, ({ body, signal, services: { otherEngines } }) => {
  otherEngines.remove(body.id);
  return otherEngines.list(signal);
});
