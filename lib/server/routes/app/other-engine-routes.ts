import {
  addEngine,
  changeEngine,
  chooseEngine,
  listEngines,
  removeEngine,
  setLlamaServer,
  testEngine,
} from "@/lib/schema/api/engines";
import { route } from "../route";

export const otherEngineRoutes = [
  route(listEngines, ({ signal, services: { otherEngines } }) => otherEngines.list(signal)),
  route(addEngine, async ({ body, signal, services: { otherEngines } }) => {
    await otherEngines.add(body, signal);
    return otherEngines.list(signal);
  }),
  route(changeEngine, ({ body: { id, ...change }, signal, services: { otherEngines } }) => {
    otherEngines.change(id, change);
    return otherEngines.list(signal);
  }),
  route(removeEngine, ({ body, signal, services: { otherEngines } }) => {
    otherEngines.remove(body.id);
    return otherEngines.list(signal);
  }),
  route(setLlamaServer, ({ body, signal, services: { otherEngines } }) => {
    otherEngines.setLlamaServer(body.path);
    return otherEngines.list(signal);
  }),
  route(testEngine, ({ body, signal, services }) => services.otherEngines.test(body, signal)),
  route(chooseEngine, async ({ body, signal, services: { otherEngines, host } }) => {
    await otherEngines.choose(body.choice, signal);
    // Its memory is free for others while another engine answers.
    if (body.choice !== null) await host.unload();
    return otherEngines.list(signal);
  }),
];
