import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeOf, loadConfig, watch } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { makeHostRig, SMALL_MODEL } from "@/lib/server/testing/host-rig";

test("goes back to what answered when a change is taken back while it loads", async () => {
  const slow = { do: "answer", afterMs: 5000 } as const;
  const { host, engine, patch, done, loads } = makeHostRig({
    script: { on: { load: [{ do: "answer" }, slow, slow] } },
  });
  await done(host.ensureLoaded());
  const change = watch(patch({ N_CTX: 2048 }));
  while (engine.snapshot().state !== "loading") await done(Promise.resolve());
  expect(await done(patch({ N_CTX: 1024 }))).toMatchObject({ cost: "context" });
  expect(engine.snapshot()).toMatchObject({ state: "loaded", config: { contextTokens: 1024 } });
  expect([change.state, loads().map(config => config.contextTokens)]).toEqual(["CANCELLED", [1024, 2048, 1024]]);
});

test("what cannot be loaded again after a crash is not tried until somebody asks", async () => {
  const refusal = { do: "fail", code: "ENGINE_FAILED", message: "No context." } as const;
  const script = { onGeneration: { 2: { load: [refusal, { do: "answer" }] } } } as const;
  const { host, engine, processes, timers, done, loads } = makeHostRig({ script });
  await done(host.ensureLoaded());
  processes[0]?.exit(null, "SIGKILL");
  while (engine.snapshot().error === null) await done(Promise.resolve());
  // The reason is told before the host has read, from a file, whether other settings could be loaded instead.
  for (let pause = 0; pause < 200; pause += 1) await done(Promise.resolve());
  for (let round = 0; round < 5; round += 1) {
    engine.announce({ error: null, notice: null });
    await timers.advance(1000);
  }
  expect(loads()).toHaveLength(2);
  await done(host.ensureLoaded());
  expect(loads()).toHaveLength(3);
});

test("the borrower's model answers nobody when the old one cannot be planned again", async () => {
  const { home, host, engine, done } = makeHostRig();
  await done(host.ensureLoaded());
  await done(
    host.borrow(async () => {
      await engine.load(loadConfig());
      rmSync(join(home, "models", SMALL_MODEL));
    }),
  );
  expect(engine.snapshot()).toMatchObject({ error: { code: "MODEL_NOT_FOUND" } });
  expect(await done(host.ensureLoaded().catch(codeOf))).toBe("MODEL_NOT_FOUND");
});

test("who borrows the engine while a change is planned has it to the end", async () => {
  const { host, engine, patch, done, loads } = makeHostRig();
  await done(host.ensureLoaded());
  const change = patch({ N_CTX: 2048 });
  let finish = () => {};
  const finished = new Promise<void>(resolve => {
    finish = resolve;
  });
  const borrowed = host.borrow(() => finished);
  for (let round = 0; round < 20; round += 1) await done(Promise.resolve());
  expect(loads().map(config => config.contextTokens)).toEqual([1024]);
  finish();
  await done(borrowed);
  await done(change);
  expect(engine.snapshot().config).toMatchObject({ contextTokens: 2048 });
});
