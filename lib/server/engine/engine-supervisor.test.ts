import { describe, expect, test } from "vitest";
import { mistralSurface } from "@/lib/plan/testing/surface-fixtures";
import {
  codeOf,
  listen,
  loadConfig,
  question,
  sampling,
  watch,
} from "@/lib/server/testing/fake-engine/engine-fixtures";
import type { FakeScript } from "@/lib/server/testing/fake-engine/fake-engine";
import { fakeFork } from "@/lib/server/testing/fake-engine/fake-engine-process";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { EngineSupervisor } from "./engine-supervisor";

const gpuScript: FakeScript = {
  backend: "vulkan",
  vram: { totalBytes: 8000, usedBytes: 1000, freeBytes: 7000, unifiedBytes: 0 },
};

function startWith(script: FakeScript = {}) {
  const timers = new ManualTimers();
  const { fork, processes } = fakeFork(script, timers);
  const log: string[] = [];
  const engine = new EngineSupervisor({
    entryPath: "dist/engine.mjs",
    gpu: "auto",
    env: { PATH: "/bin", HF_TOKEN: "secret", HEADROOM_TOKEN: "canary", GGML_VK_VISIBLE_DEVICES: "0" },
    onLog: (level, text) => log.push(`${level}: ${text}`),
    fork,
    timers,
  });
  return { engine, timers, processes, log };
}

async function loadedWith(script: FakeScript = {}) {
  const started = startWith(script);
  const load = watch(started.engine.load(loadConfig()));
  await started.timers.advance(50);
  expect(load.state).toBe("done");
  return started;
}

test("starts the child with the first command, loads, answers and counts", async () => {
  const { engine, timers, processes } = startWith();
  expect(engine.snapshot().state).toBe("stopped");
  expect(processes).toHaveLength(0);
  const load = watch(engine.load(loadConfig()));
  await timers.advance(50);
  expect(load.state).toBe("done");
  expect(engine.snapshot()).toMatchObject({ state: "loaded", generation: 1, config: loadConfig() });
  const answer = listen(engine.generate(question));
  await timers.advance(1);
  expect(engine.snapshot().state).toBe("generating");
  const count = watch(engine.count(question.turns));
  await timers.advance(50);
  expect(answer).toEqual({ text: "Hello world", reason: "stop", code: null });
  expect(count.state).toBe("done");
  expect(engine.snapshot().state).toBe("loaded");
});

test("gives the child no secret, one libuv worker, its generation and the chosen devices", async () => {
  const { processes } = await loadedWith();
  const env = processes[0]?.env ?? {};
  expect(env).toMatchObject({
    UV_THREADPOOL_SIZE: "1",
    HEADROOM_ENGINE_GPU: "auto",
    HEADROOM_ENGINE_GENERATION: "1",
    GGML_VK_VISIBLE_DEVICES: "0",
  });
  expect(JSON.stringify(env)).not.toMatch(/secret|canary/);
});

test.each([
  ["idle", {}],
  ["loading", { on: { load: [{ do: "ignore" }] } }],
  ["decoding", { words: ["Hello", " world"], stepMs: 10 }],
] as const)(
  "fails what was pending with ENGINE_CRASHED when the child is killed while %s, and starts another",
  async (moment, script) => {
    const { engine, timers, processes } = startWith(script);
    const load = watch(engine.load(loadConfig()));
    await timers.advance(50);
    const answer = moment === "decoding" ? listen(engine.generate(question)) : null;
    await timers.advance(15);
    const waiting = moment === "decoding" ? watch(engine.dryRun(loadConfig())) : null;
    processes[0]?.exit(null, "SIGKILL");
    await timers.advance(1);
    if (moment === "loading") expect(load.state).toBe("ENGINE_CRASHED");
    if (answer) expect(answer).toMatchObject({ text: "Hello", code: "ENGINE_CRASHED" });
    if (waiting) expect(waiting.state).toBe("ENGINE_CRASHED");
    expect(engine.snapshot()).toMatchObject({ state: "starting", config: null, restarts: 1 });
    expect(engine.snapshot().notice).toContain("SIGKILL");
    await timers.advance(600);
    expect(engine.snapshot()).toMatchObject({ state: "ready", generation: 2 });
  },
);

test("waits 0.5 s and 2 s before it starts again, and gives up at the third crash within 60 s", async () => {
  const { engine, timers, processes } = startWith();
  const last = () => processes.at(-1);
  await Promise.all([engine.start(), timers.advance(10)]);
  last()?.exit(null, "SIGSEGV");
  await timers.advance(499);
  expect(processes).toHaveLength(1);
  await timers.advance(10);
  expect(processes).toHaveLength(2);
  last()?.exit(null, "SIGSEGV");
  await timers.advance(1990);
  expect(processes).toHaveLength(2);
  await timers.advance(20);
  expect(processes).toHaveLength(3);
  last()?.exit(null, "SIGSEGV");
  await timers.advance(20_000);
  expect(processes).toHaveLength(3);
  expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_FAILED" } });
  expect(engine.snapshot().error?.message).toMatch(/3 times within 60 s.*SIGSEGV/);
  await expect(engine.load(loadConfig())).rejects.toMatchObject({ code: "ENGINE_FAILED" });
});

test("takes commands again once the crashes are a minute old, or after a restart", async () => {
  const script: FakeScript = { onGeneration: { 4: {} }, on: { load: [{ do: "crash", signal: "SIGABRT" }] } };
  const { engine, timers } = startWith(script);
  const crashThrice = async () => {
    for (let crash = 0; crash < 3; crash += 1) {
      const load = watch(engine.load(loadConfig()));
      await timers.advance(9000);
      expect(load.state).toBe("ENGINE_CRASHED");
    }
    expect(engine.snapshot().state).toBe("failed");
  };
  await crashThrice();
  const restart = watch(engine.restart());
  await timers.advance(50);
  expect(restart.state).toBe("done");
  const load = watch(engine.load(loadConfig()));
  await timers.advance(50);
  expect(load.state).toBe("done");
});

test("forgets earlier crashes after an answer, so that twenty kills with work in between never open the breaker", async () => {
  const { engine, timers, processes } = startWith();
  for (let kill = 0; kill < 20; kill += 1) {
    const load = watch(engine.load(loadConfig()));
    await timers.advance(600);
    const answer = listen(engine.generate(question));
    await timers.advance(100);
    expect([load.state, answer.reason]).toEqual(["done", "stop"]);
    processes.at(-1)?.exit(null, "SIGBUS");
    await timers.advance(1);
  }
  expect(engine.snapshot()).toMatchObject({ state: "starting", restarts: 20, error: null });
});

test("kills a child that is stuck within 10 s, by a signal that cannot be ignored", async () => {
  const { engine, timers, processes } = await loadedWith({ on: { generate: [{ do: "hang" }] } });
  const answer = listen(engine.generate(question));
  await timers.advance(10_000);
  expect(answer.code).toBe("ENGINE_TIMEOUT");
  expect(processes[0]?.exited).toBe(true);
  expect(engine.snapshot()).toMatchObject({ state: "ready", generation: 2 });
});

test("does not take a slow prefill for a hang: the heartbeat goes on", async () => {
  const { engine, timers, processes } = await loadedWith({ on: { generate: [{ do: "answer", afterMs: 120_000 }] } });
  const answer = listen(engine.generate(question));
  await timers.advance(121_000);
  expect(answer.reason).toBe("stop");
  expect(processes).toHaveLength(1);
});

test("ends a child that goes on after a cancel, and says so to the one who waits", async () => {
  const { engine, timers } = await loadedWith({ on: { generate: [{ do: "ignore" }] } });
  const controller = new AbortController();
  const answer = listen(engine.generate(question, controller.signal));
  await timers.advance(10);
  controller.abort();
  await timers.advance(29_000);
  expect(answer.code).toBeNull();
  await timers.advance(2000);
  expect(answer.code).toBe("ENGINE_TIMEOUT");
});

test("drops and counts messages that are none, and those of an earlier child", async () => {
  const late = { generation: 0, messages: [{ type: "finished", id: "c2", reason: "stop", stats: {} }] };
  const foreign = {
    generation: 1,
    messages: [{ type: "text", id: "c999", text: "not yours", tokens: 1, thought: false }],
  };
  const garbage = [
    null,
    7,
    "text",
    {},
    { generation: 1 },
    { generation: 1, messages: [{ type: "text" }] },
    late,
    foreign,
  ];
  const { engine, timers, log } = await loadedWith({ on: { generate: [{ do: "garbage", messages: garbage }] } });
  const answer = listen(engine.generate(question));
  await timers.advance(50);
  expect(answer).toEqual({ text: "Hello world", reason: "stop", code: null });
  // Seven of the eight fail validation; the count is logged at 1, 2 and 4.
  expect(log.filter(line => line.includes("dropped as invalid"))).toHaveLength(3);
});

test("takes several messages that the child sends together", async () => {
  const text = (word: string) => ({ type: "text", id: "c2", text: word, tokens: 1, thought: false });
  const together = { generation: 1, messages: [text("One"), text(" two "), { type: "heartbeat", busyWith: "c2" }] };
  const { engine, timers } = await loadedWith({ on: { generate: [{ do: "garbage", messages: [together] }] } });
  const answer = listen(engine.generate(question));
  await timers.advance(50);
  expect(answer).toEqual({ text: "One two Hello world", reason: "stop", code: null });
});

test("stops the answer when the request is aborted, and tells how much there was", async () => {
  const { engine, timers } = await loadedWith({ words: ["a", "b", "c", "d", "e", "f"], stepMs: 10 });
  const controller = new AbortController();
  const answer = listen(engine.generate(question, controller.signal));
  await timers.advance(35);
  controller.abort();
  await timers.advance(20);
  expect(answer).toMatchObject({ text: "abc", reason: "cancelled" });
  expect(engine.snapshot().state).toBe("loaded");
});

test("stops the answer when its reader leaves", async () => {
  const { engine, timers } = await loadedWith({ words: ["a", "b", "c", "d"], stepMs: 10 });
  const read = async () => {
    for await (const message of engine.generate(question)) if (message.type === "text") break;
  };
  const reading = read();
  await timers.advance(25);
  await reading;
  await timers.advance(15);
  expect(engine.snapshot().state).toBe("loaded");
});

test("tells those who wait their place, and each change of it", async () => {
  const { engine, timers } = await loadedWith({ words: ["a", "b"], stepMs: 10 });
  const placesOf = async (answer: ReturnType<typeof engine.generate>) => {
    const places: number[] = [];
    for await (const message of answer) if (message.type === "queued") places.push(message.position);
    return places;
  };
  const places = [1, 2, 3].map(() => placesOf(engine.generate(question)));
  await timers.advance(200);
  expect(await Promise.all(places)).toEqual([[], [1], [2, 1]]);
});

describe("a context with three sequences", () => {
  const loadedWithThree = async (script: FakeScript) => {
    const rig = startWith(script);
    const load = watch(rig.engine.load(loadConfig({ sequences: 3 })));
    await rig.timers.advance(50);
    expect(load.state).toBe("done");
    return rig;
  };
  const words = { words: ["a", "b"], stepMs: 10 };

  test("answers three requests at once and the others in turn", async () => {
    const { engine, timers, processes } = await loadedWithThree(words);
    const answers = Array.from({ length: 5 }, () => listen(engine.generate(question)));
    await timers.advance(25);
    expect(answers.map(({ text }) => text)).toEqual(["ab", "ab", "ab", "", ""]);
    expect(engine.snapshot()).toMatchObject({ state: "generating", answering: 3, queueLength: 2 });
    await timers.advance(60);
    expect(answers.map(({ reason }) => reason)).toEqual(Array(5).fill("stop"));
    expect(engine.snapshot().answering).toBe(0);
    expect(processes[0]?.engine.breaches).toEqual([]);
  });

  test("goes on with the other answers when one is cancelled, and gives its place away", async () => {
    const { engine, timers } = await loadedWithThree(words);
    const controller = new AbortController();
    const first = listen(engine.generate(question, controller.signal));
    const others = [1, 2, 3].map(() => listen(engine.generate(question)));
    await timers.advance(12);
    controller.abort();
    await timers.advance(60);
    expect(first.reason).toBe("cancelled");
    expect(others.map(({ text, reason }) => [text, reason])).toEqual(Array(3).fill(["ab", "stop"]));
  });

  test("loads after all answers in progress and before those that wait", async () => {
    const { engine, timers, processes } = await loadedWithThree(words);
    const answers = Array.from({ length: 4 }, () => listen(engine.generate(question)));
    await timers.advance(5);
    const load = watch(engine.load(loadConfig({ contextTokens: 2048, sequences: 2 })));
    expect(engine.snapshot().loadWaits).toBe(true);
    await timers.advance(40);
    expect(answers.map(({ text }) => text)).toEqual(["ab", "ab", "ab", ""]);
    await timers.advance(80);
    expect([load.state, answers[3]?.reason]).toEqual(["done", "stop"]);
    expect(processes[0]?.engine.breaches).toEqual([]);
  });

  test("ends every answer in progress to load now", async () => {
    const { engine, timers } = await loadedWithThree({ words: Array(1000).fill("a"), stepMs: 10 });
    const answers = [1, 2, 3].map(() => listen(engine.generate(question)));
    await timers.advance(15);
    const load = watch(engine.load(loadConfig({ contextTokens: 2048 })));
    engine.loadNow();
    await timers.advance(60);
    expect([load.state, ...answers.map(({ reason }) => reason)]).toEqual(["done", ...Array(3).fill("cancelled")]);
  });

  test("fails every answer in progress when the engine crashes", async () => {
    const { engine, timers, processes } = await loadedWithThree(words);
    const answers = [1, 2, 3].map(() => listen(engine.generate(question)));
    await timers.advance(15);
    processes[0]?.exit(null, "SIGSEGV");
    await timers.advance(5);
    expect(answers.map(({ code }) => code)).toEqual(Array(3).fill("ENGINE_CRASHED"));
  });
});

test("cancels a request that still waits without troubling the child", async () => {
  const { engine, timers } = await loadedWith({ words: ["a", "b", "c", "d"], stepMs: 10 });
  const first = listen(engine.generate(question));
  const controller = new AbortController();
  const second = listen(engine.generate(question, controller.signal));
  await timers.advance(5);
  expect(engine.snapshot().queueLength).toBe(1);
  controller.abort();
  await timers.advance(100);
  expect([first.reason, second.code]).toEqual(["stop", "CANCELLED"]);
  const third = listen(engine.generate(question, AbortSignal.abort()));
  await timers.advance(10);
  expect(third.code).toBe("CANCELLED");
});

test("lets the newest of many loads win, never with two in the child", async () => {
  const { engine, timers, processes } = startWith({ stepMs: 40 });
  const loads = Array.from({ length: 20 }, (_, index) =>
    watch(engine.load(loadConfig({ contextTokens: 1024 + index }))),
  );
  await timers.advance(25);
  loads.push(watch(engine.load(loadConfig({ contextTokens: 4096 }))));
  await timers.advance(200);
  expect(loads.map(load => load.state)).toEqual([...Array(20).fill("CANCELLED"), "done"]);
  expect(engine.snapshot().config?.contextTokens).toBe(4096);
  expect(processes[0]?.engine.breaches).toEqual([]);
});

test("loads after the answer in progress and before the requests that wait", async () => {
  const { engine, timers } = await loadedWith({ words: ["a", "b"], stepMs: 10 });
  const before = listen(engine.generate(question));
  const after = listen(engine.generate(question));
  await timers.advance(5);
  const load = watch(engine.load(loadConfig({ contextTokens: 2048 })));
  await timers.advance(27);
  expect(before.reason).toBe("stop");
  expect(engine.snapshot().state).toBe("loading");
  await timers.advance(15);
  expect([load.state, after.text]).toEqual(["done", ""]);
  await timers.advance(50);
  expect(after).toMatchObject({ text: "ab", reason: "stop" });
});

test("keeps requests that come while a model loads, and shows the progress meanwhile", async () => {
  const { engine, timers } = startWith({ on: { load: [{ do: "answer", afterMs: 100 }] } });
  const load = watch(engine.load(loadConfig()));
  const answer = listen(engine.generate(question));
  await timers.advance(50);
  expect(engine.snapshot()).toMatchObject({ state: "loading", modelName: "some.gguf", queueLength: 1 });
  await timers.advance(100);
  expect([load.state, answer.text]).toEqual(["done", "Hello world"]);
});

test("refuses requests as QUEUE_FULL past its limit and takes them again afterwards", async () => {
  const { engine, timers } = await loadedWith();
  const answers = Array.from({ length: 600 }, () => listen(engine.generate(question)));
  await timers.advance(1);
  // One with the child, 64 waiting.
  expect(answers.filter(answer => answer.code === "QUEUE_FULL")).toHaveLength(600 - 65);
  await timers.advance(1000);
  expect(answers.filter(answer => answer.reason === "stop")).toHaveLength(65);
  const next = listen(engine.generate(question));
  await timers.advance(50);
  expect(next.reason).toBe("stop");
});

test("gives callers their turns one after the other, and takes a place in a full queue from the one who has most", async () => {
  const { engine, timers } = await loadedWith();
  const greedy = Array.from({ length: 70 }, () => listen(engine.generate(question, undefined, "greedy")));
  await timers.advance(1);
  expect(greedy.filter(answer => answer.code === "QUEUE_FULL")).toHaveLength(70 - 65);
  const modest = listen(engine.generate(question, undefined, "modest"));
  await timers.advance(1);
  expect(modest.code).toBeNull();
  expect(greedy.filter(answer => answer.code === "QUEUE_FULL")).toHaveLength(70 - 64);
  while (modest.reason === null) await timers.advance(1);
  // The first was with the child, and the second had come before.
  expect(greedy.filter(answer => answer.reason === "stop").length).toBeLessThanOrEqual(2);
});

test("refuses a program's request after nine minutes without a turn, and lets a person wait on", async () => {
  const { engine, timers } = startWith({ words: Array.from({ length: 10 }, () => "word"), stepMs: 60_000 });
  engine.load(loadConfig());
  await timers.advance(10 * 60_000);
  expect(engine.snapshot().state).toBe("loaded");
  listen(engine.generate(question, undefined, "first"));
  const program = listen(engine.generate(question, undefined, "program"));
  const person = listen(engine.generate(question));
  await timers.advance(9 * 60_000 - 1000);
  expect([program.code, engine.snapshot().queueLength]).toEqual([null, 2]);
  await timers.advance(2000);
  expect([program.code, person.code, engine.snapshot().queueLength]).toEqual(["BUSY", null, 1]);
  await timers.advance(15 * 60_000);
  expect(person.reason).toBe("stop");
});

test("does not tell a place that grows when others come in between", async () => {
  const { engine, timers } = await loadedWith({ words: ["a", "b"], stepMs: 10 });
  listen(engine.generate(question, undefined, "greedy"));
  listen(engine.generate(question, undefined, "greedy"));
  const places: number[] = [];
  const read = async () => {
    for await (const message of engine.generate(question, undefined, "greedy"))
      if (message.type === "queued") places.push(message.position);
  };
  const done = watch(read());
  await timers.advance(1);
  for (const caller of ["b", "c", "d"]) listen(engine.generate(question, undefined, caller));
  await timers.advance(500);
  expect([done.state, places]).toEqual(["done", [2, 1]]);
});

test("counts, tokenizes and renders at once beside answers and a load that waits, and after a load in progress", async () => {
  const { engine, timers, processes } = startWith({ words: ["a", "b", "c"], stepMs: 10 });
  const ask = () => [
    watch(engine.count(question.turns)),
    watch(engine.tokenize({ parts: ["a"], addSpecial: false, parseSpecial: false, withPieces: false })),
    watch(engine.detokenize({ tokens: [97] })),
    watch(engine.render({ turns: question.turns })),
  ];
  const load = watch(engine.load(loadConfig({ sequences: 2 })));
  await timers.advance(5);
  const duringLoad = ask();
  const answers = [1, 2, 3].map(() => listen(engine.generate(question)));
  await timers.advance(20);
  // Loaded after 11 ms. Two answers are being written and one waits; nothing is done with them yet.
  expect([load.state, ...duringLoad.map(({ state }) => state)]).toEqual(Array(5).fill("done"));
  expect(engine.snapshot()).toMatchObject({ answering: 2, queueLength: 1 });
  const next = watch(engine.load(loadConfig({ sequences: 1 })));
  const besideAnswers = ask();
  await timers.advance(2);
  expect(besideAnswers.map(({ state }) => state)).toEqual(Array(4).fill("done"));
  expect([next.state, ...answers.map(({ reason }) => reason)]).toEqual(["pending", null, null, null]);
  await timers.advance(200);
  expect(answers.map(({ text, reason }) => [text, reason])).toEqual(Array(3).fill(["abc", "stop"]));
  expect(processes.flatMap(child => child.engine.breaches)).toEqual([]);
});

test("tells those that wait their place among the answers, whatever else waits", async () => {
  const { engine, timers } = await loadedWith({ words: ["a", "b"], stepMs: 10 });
  listen(engine.generate(question));
  listen(engine.generate(question));
  const places: number[] = [];
  const read = async () => {
    for await (const message of engine.generate(question)) if (message.type === "queued") places.push(message.position);
  };
  const done = watch(read());
  await timers.advance(1);
  watch(engine.load(loadConfig({ contextTokens: 2048 })));
  await timers.advance(500);
  expect([done.state, places]).toEqual(["done", [2, 1]]);
});

test("ends the child to unload, and starts another for the next command", async () => {
  const { engine, timers, processes } = await loadedWith({ words: ["a", "b", "c"], stepMs: 10 });
  const answer = listen(engine.generate(question));
  await timers.advance(15);
  const unload = watch(engine.unload());
  await timers.advance(10);
  expect([unload.state, answer.code]).toEqual(["done", "BUSY"]);
  expect(engine.snapshot()).toMatchObject({ state: "stopped", config: null, held: null, modelName: null });
  expect(processes[0]?.exited).toBe(true);
  const load = watch(engine.load(loadConfig()));
  await timers.advance(50);
  expect([load.state, engine.snapshot().generation]).toEqual(["done", 2]);
});

test("kills what does not end on SIGTERM two seconds later", async () => {
  const { engine, timers, processes } = await loadedWith({ on: { generate: [{ do: "hang" }] } });
  listen(engine.generate(question));
  await timers.advance(10);
  const shutdown = watch(engine.shutdown());
  await timers.advance(1900);
  expect(processes[0]?.exited).toBe(false);
  await timers.advance(200);
  expect([processes[0]?.exited, shutdown.state]).toEqual([true, "done"]);
  await expect(engine.load(loadConfig())).rejects.toMatchObject({ code: "CANCELLED" });
  expect(processes).toHaveLength(1);
});

test("runs a model without GPU layers in a child without the GPU, and goes back for one that has some", async () => {
  const { engine, timers, processes } = await loadedWith(gpuScript);
  const toCpu = watch(engine.load(loadConfig({ gpuLayers: 0 })));
  await timers.advance(50);
  expect(toCpu.state).toBe("done");
  expect(processes.map(child => child.env.HEADROOM_ENGINE_GPU)).toEqual(["auto", "off"]);
  // The machine's devices and memory are still known.
  expect(engine.snapshot().info).toMatchObject({ backend: "vulkan", gpuUsable: true });
  await expect(engine.vram()).resolves.toEqual(gpuScript.vram);
  const back = watch(engine.load(loadConfig({ gpuLayers: 4 })));
  await timers.advance(50);
  expect(back.state).toBe("done");
  expect(processes.map(child => child.env.HEADROOM_ENGINE_GPU)).toEqual(["auto", "off", "auto"]);
  expect(processes.filter(child => !child.exited)).toHaveLength(1);
});

test("does not replace the child for zero layers where there is no GPU anyway", async () => {
  const { engine, timers, processes } = await loadedWith();
  const load = watch(engine.load(loadConfig({ gpuLayers: 0 })));
  await timers.advance(50);
  expect([load.state, processes.length]).toEqual(["done", 1]);
});

test("answers what the child refuses with its code and numbers", async () => {
  const { engine, timers } = startWith({
    on: {
      load: [{ do: "out-of-memory", fitsLayers: 5, bytesPerLayer: 100 }],
      complete: [{ do: "fail", code: "CONTEXT_EXCEEDED", message: "5000 tokens do not fit 4096." }],
    },
  });
  const load = engine.load(loadConfig({ gpuLayers: 8 }));
  const code = load.catch(error => [codeOf(error), error.deficitBytes]);
  await timers.advance(50);
  // 8 layers asked for, 5 fit, 100 bytes each.
  expect(await code).toEqual(["OUT_OF_MEMORY", 300]);
  expect(engine.snapshot()).toMatchObject({ state: "ready", config: null });
  const completion = listen(engine.complete({ prompt: "x", sampling }));
  await timers.advance(50);
  expect(completion.code).toBe("CONTEXT_EXCEEDED");
});

test("fills a surface beside an answer, but not in a child without the GPU", async () => {
  const { engine, timers } = await loadedWith({ ...gpuScript, words: ["a", "b"], stepMs: 10 });
  const answer = listen(engine.generate(question));
  await timers.advance(5);
  const filling = engine.fillSurface("some.gguf", mistralSurface, { useMmap: true });
  await timers.advance(14);
  await expect(filling).resolves.toEqual({ ...mistralSurface, detail: "fine" });
  expect(answer.reason).toBeNull();
  const toCpu = watch(engine.load(loadConfig({ gpuLayers: 0 })));
  await timers.advance(100);
  expect(toCpu.state).toBe("done");
  await expect(engine.fillSurface("some.gguf", mistralSurface, { useMmap: true })).rejects.toMatchObject({
    code: "BUSY",
  });
});

test("says that a load waits for the answer in progress, and on request loads before that answer's end", async () => {
  const { engine, timers } = await loadedWith({ words: ["one", " two", " three"], stepMs: 10 });
  const answer = listen(engine.generate(question));
  const next = listen(engine.generate(question));
  await timers.advance(15);
  engine.loadNow();
  expect(engine.snapshot()).toMatchObject({ state: "generating", loadWaits: false });
  const load = watch(engine.load(loadConfig({ contextTokens: 2048 })));
  expect(engine.snapshot()).toMatchObject({ state: "generating", loadWaits: true });
  engine.loadNow();
  await timers.advance(2000);
  expect(answer).toMatchObject({ text: "one", reason: "cancelled" });
  expect(load.state).toBe("done");
  // A request that waited for another answer gets its answer from the new model.
  expect(next).toMatchObject({ text: "one two three", reason: "stop" });
  expect(engine.snapshot()).toMatchObject({ loadWaits: false, config: { contextTokens: 2048 } });
});
