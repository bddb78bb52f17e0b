import { expect, test } from "vitest";
import { listen, loadConfig, question } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { makeHostRig } from "@/lib/server/testing/host-rig";

const other = loadConfig({ gpuLayers: 2, contextTokens: 512 });

test("a borrower loads what it likes, and what served is loaded again", async () => {
  const { host, engine, done, loads } = makeHostRig();
  await done(host.ensureLoaded());
  const before = engine.snapshot().config;
  const seen = await done(
    host.borrow(async () => {
      await engine.load(other);
      return engine.snapshot();
    }, "Being measured."),
  );
  expect(seen).toMatchObject({ config: other, notice: "Being measured." });
  expect(engine.snapshot()).toMatchObject({ state: "loaded", config: before, notice: null });
  expect(loads().map(config => config.gpuLayers)).toEqual([9, 2, 9]);
});

test("an engine that was empty is empty again, also after the borrower failed", async () => {
  const { host, engine, done } = makeHostRig();
  const failed = host.borrow(async () => {
    await engine.load(other);
    throw new Error("no result");
  });
  await expect(done(failed)).rejects.toThrow("no result");
  expect(engine.snapshot()).toMatchObject({ config: null, notice: null });
});

test("requests and changes wait for the borrower, who is told that they do", async () => {
  const { host, engine, patch, done, loads } = makeHostRig();
  await done(host.ensureLoaded());
  let finish = () => {};
  const finished = new Promise<void>(resolve => {
    finish = resolve;
  });
  let recall: AbortSignal | null = null;
  const borrowed = host.borrow(async signal => {
    recall = signal;
    await engine.load(other);
    await finished;
  });
  await done(Promise.resolve());
  expect(recall).toMatchObject({ aborted: false });
  const answer = listen(host.generate(question));
  const change = patch({ N_CTX: 2048 });
  for (let round = 0; round < 20; round += 1) await done(Promise.resolve());
  expect(recall).toMatchObject({ aborted: true });
  expect(answer).toMatchObject({ text: "", reason: null, code: null });
  expect(loads().map(config => config.contextTokens)).not.toContain(2048);
  finish();
  await done(borrowed);
  while (answer.reason === null && answer.code === null) await done(Promise.resolve());
  await done(change);
  expect(answer).toMatchObject({ text: "Hello world", reason: "stop" });
  expect(engine.snapshot().config).toMatchObject({ contextTokens: 2048, gpuLayers: 9 });
});

test("what is measured quietly looks like no answer, and leaves what is loaded as it is", async () => {
  const { host, engine, receipts, done, loads } = makeHostRig({ script: { stepMs: 50 } });
  await done(host.ensureLoaded());
  const seen: string[] = [];
  await done(
    host.borrow(async () => {
      const answer = listen(engine.complete({ prompt: "Once", sampling: question.sampling }));
      while (engine.snapshot().state !== "generating") await Promise.resolve();
      seen.push(host.snapshot().state, String(host.snapshot().answering));
      while (answer.reason === null) await done(Promise.resolve());
    }),
  );
  expect(seen).toEqual(["loaded", "0"]);
  expect(loads()).toHaveLength(1);
  expect(receipts.all()).toHaveLength(1);
});

test("nothing is lent while an answer is written, or to two at once", async () => {
  const { host, engine, done } = makeHostRig({ script: { stepMs: 50 } });
  await done(host.ensureLoaded());
  const answer = listen(host.generate(question));
  while (engine.snapshot().state !== "generating") await done(Promise.resolve());
  await expect(done(host.borrow(async () => {}))).rejects.toMatchObject({ code: "BUSY" });
  while (answer.reason === null) await done(Promise.resolve());
  const first = host.borrow(async () => "first");
  await expect(done(host.borrow(async () => "second"))).rejects.toMatchObject({ code: "BUSY" });
  expect(await done(first)).toBe("first");
});

test("a crash while the engine is lent does not bring the old model into the borrower's way", async () => {
  const { host, engine, processes, done, loads } = makeHostRig();
  await done(host.ensureLoaded());
  await done(
    host.borrow(async () => {
      processes.at(-1)?.emit("exit", null, "SIGKILL");
      await engine.start();
      expect(loads()).toHaveLength(1);
    }),
  );
  expect(engine.snapshot()).toMatchObject({ state: "loaded", config: { gpuLayers: 9 } });
});
