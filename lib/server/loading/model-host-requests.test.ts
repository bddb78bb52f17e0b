import { expect, test } from "vitest";
import { question, sampling } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { makeHostRig } from "@/lib/server/testing/host-rig";
import type { ModelHostOptions } from "./model-host";

async function sent(host: Pick<ModelHostOptions, "speculationOf" | "kvFolderOf">, cacheKey?: string) {
  const rig = makeHostRig({ host });
  const request = { ...question, ...(cacheKey !== undefined && { cacheKey }) };
  await rig.done(
    (async () => {
      for await (const _ of rig.host.generate(request));
      for await (const _ of rig.host.complete({ prompt: "Once", sampling }));
    })(),
  );
  const received = rig.processes.flatMap(({ engine }) => engine.received);
  return {
    generate: received.find(command => command.type === "generate"),
    complete: received.find(command => command.type === "complete"),
    snapshot: rig.host.snapshot(),
  };
}

test("speculates where the choice for the load says so, and shows why", async () => {
  const speculation = { isUsed: true, reason: "On, as the settings say." };
  const { generate, complete, snapshot } = await sent({ speculationOf: () => speculation });
  expect(generate).toMatchObject({ speculate: true });
  expect(complete).toMatchObject({ speculate: true });
  expect(snapshot.speculation).toEqual(speculation);
});

test("does not speculate where the choice says no", async () => {
  const { generate, complete } = await sent({ speculationOf: () => ({ isUsed: false, reason: "Off." }) });
  expect(generate).not.toHaveProperty("speculate");
  expect(complete).not.toHaveProperty("speculate");
});

test("names the folder for the cache of a chat that is kept, and none for another client", async () => {
  const kvFolderOf = (chatId: string) => (chatId === "kept" ? "/data/kv" : null);
  expect((await sent({ kvFolderOf }, "kept")).generate).toMatchObject({ keepKvIn: "/data/kv" });
  expect((await sent({ kvFolderOf }, "temporary")).generate).not.toHaveProperty("keepKvIn");
  expect((await sent({ kvFolderOf })).generate).not.toHaveProperty("keepKvIn");
});
