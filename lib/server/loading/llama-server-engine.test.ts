import { afterEach, expect, it } from "vitest";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { greedySampling } from "@/lib/schema/settings/sampling";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import type { Planner } from "@/lib/server/planning/planner";
import { standInLlamaServer } from "@/lib/server/testing/stand-ins/stand-in-llama-server";
import type { Beside } from "./find-beside";
import { LlamaServerEngine } from "./llama-server-engine";

const config: LoadConfig = {
  modelPath: "/models/a.gguf",
  gpuLayers: 7,
  contextTokens: 2048,
  batchTokens: 512,
  sequences: 1,
  kvType: "q8_0",
  flashAttention: "on",
  threads: 2,
  useMmap: true,
};

const predicted = { weightsBytes: 700, kvBytes: 200, computeBytes: 60, overheadBytes: 40, totalBytes: 1000 };

const engines: LlamaServerEngine[] = [];
afterEach(() => Promise.all(engines.splice(0).map(engine => engine.stop())));

const none: Beside = { files: {}, onCard: [], inRam: [] };

function makeEngine(given: Partial<LoadConfig> = {}, beside = none) {
  const current: { settings: Settings } = { settings: { ...defaultSettings, MODEL: "a.gguf" } };
  const log: string[] = [];
  const calls: string[] = [];
  const engine = new LlamaServerEngine({
    path: standInLlamaServer(),
    planner: {
      confirmedPlanFor: async settings => {
        calls.push(`plan ${settings.N_CTX}`);
        const plan = { totalLayers: 9, predicted } as Awaited<ReturnType<Planner["confirmedPlanFor"]>>["plan"];
        return { config: { ...config, contextTokens: settings.N_CTX, ...given }, plan };
      },
    },
    findBeside: async () => beside,
    freeOwnEngine: async () => void calls.push("free"),
    readSettings: () => current.settings,
    env: process.env,
    gpu: "off",
    onChange: () => {},
    onLog: (_level, text) => log.push(text),
  });
  engines.push(engine);
  return { engine, log, calls, current };
}

async function said(messages: AsyncIterable<GenerationMessage>): Promise<string> {
  let text = "";
  for await (const message of messages) if (message.type === "text") text += message.text;
  return text;
}

const ask = (content: string) => ({ turns: [{ role: "user" as const, content }], sampling: greedySampling });
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("is started with the plan's flags once the own engine is empty, and answers like any server", async () => {
  const { engine, calls } = makeEngine();
  const flags = await said(engine.generate(ask("Hello")));
  expect(flags).toContain("-m /models/a.gguf -ngl 7");
  expect(flags).toContain("-ctk q8_0 -ctv q8_0 -fa on");
  expect(flags).toContain("--host 127.0.0.1");
  expect(calls).toEqual([`plan ${defaultSettings.N_CTX}`, "free"]);
  expect(engine.snapshot()).toMatchObject({
    state: "loaded",
    config: { gpuLayers: 7 },
    totalLayers: 9,
    other: { engineId: "llama-server", contextTokens: defaultSettings.N_CTX },
  });
});

it("holds what its plan says while it runs, and nothing when it has ended", async () => {
  const { engine } = makeEngine();
  expect(engine.memory).toBeNull();
  await engine.ensureReady();
  expect(engine.memory).toEqual({ pid: engine.pid, bytes: 1000 });
  expect(engine.snapshot().held).toEqual(predicted);
  await engine.stop();
  expect(engine.memory).toBeNull();
});

it("loads the picture reader beside the model, and says before it runs that it reads pictures", async () => {
  const onCard = [{ kind: "pictures" as const, name: "mmproj.gguf", bytes: 700 }];
  const inRam = [{ kind: "draft" as const, name: "small.gguf", bytes: 90 }];
  const { engine } = makeEngine({}, { files: { picturesPath: "/models/mmproj.gguf" }, onCard, inRam });
  await expect.poll(() => engine.snapshot().other.takesPictures).toBe(true);
  expect([engine.beside, engine.besideInRam]).toEqual([onCard, inRam]);
  expect(await said(engine.generate(ask("Hello")))).toContain("--mmproj /models/mmproj.gguf");
  expect(engine.snapshot().other.takesPictures).toBe(true);
});

it("is not started with a draft model that cannot be used, and says why", async () => {
  const { engine } = makeEngine({}, { ...none, problem: "b.gguf has another vocabulary." });
  await expect(engine.ensureReady()).rejects.toMatchObject({
    code: "INVALID_INPUT",
    message: "b.gguf has another vocabulary.",
  });
});

it("has its key neither among its flags nor in the log", async () => {
  const { engine, log } = makeEngine();
  const flags = await said(engine.generate(ask("Hello")));
  expect(flags).not.toContain("--api-key");
  expect(log.join("\n")).not.toMatch(/[\w-]{32}/);
});

it("ends when it is stopped, also while it starts", async () => {
  const { engine } = makeEngine();
  await engine.ensureReady();
  const { pid } = engine;
  await engine.stop();
  expect(isAlive(pid ?? 0)).toBe(false);
  const starting = engine.ensureReady().catch((error: unknown) => error);
  await engine.stop();
  expect(await starting).toMatchObject({ code: "CANCELLED" });
  expect(engine.snapshot()).toMatchObject({ state: "ready", error: null });
});

it("is started again with a new plan when the settings ask for another load, and not for another temperature", async () => {
  const { engine, calls, current } = makeEngine();
  await engine.ensureReady();
  current.settings = { ...current.settings, TEMPERATURE: 0.1 };
  expect(await engine.follow()).toBe(false);
  expect(calls).toHaveLength(2);
  current.settings = { ...current.settings, N_CTX: 1024 };
  expect(await engine.follow()).toBe(true);
  expect(await said(engine.generate(ask("Hello")))).toContain("-c 1024");
});

it("comes back by itself after a crash, and the answer says that it broke off", async () => {
  const { engine } = makeEngine();
  await expect(said(engine.generate(ask("crash")))).rejects.toMatchObject({ code: "ENGINE_AWAY" });
  await expect.poll(() => engine.snapshot(), { timeout: 10_000 }).toMatchObject({ state: "loaded", restarts: 1 });
  expect(await said(engine.generate(ask("Hello")))).toContain("-ngl");
});

it("gives up after three crashes in a row until somebody asks again", { timeout: 30_000 }, async () => {
  const { engine } = makeEngine();
  for (let crash = 0; crash < 3; crash += 1) {
    await said(engine.generate(ask("crash"))).catch(() => {});
    await expect.poll(() => engine.pid, { timeout: 10_000 }).toBeNull();
  }
  expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_FAILED" } });
  await expect(engine.ensureReady()).rejects.toMatchObject({ code: "ENGINE_FAILED" });
  await engine.reload();
  expect(engine.snapshot().state).toBe("loaded");
});

it("says in the program's own words why it did not start", async () => {
  const { engine } = makeEngine({ modelPath: "/broken.gguf" });
  await expect(engine.ensureReady()).rejects.toMatchObject({
    code: "ENGINE_FAILED",
    message: "llama-server ended before it answered: failed to load model",
  });
  expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_FAILED" } });
});

it("advises another release where the program does not know a flag", async () => {
  const { engine } = makeEngine({ modelPath: "/old.gguf" });
  await expect(engine.ensureReady()).rejects.toMatchObject({
    code: "ENGINE_FAILED",
    message: expect.stringMatching(
      /invalid argument: --cache-ram\..*install a present release, or choose the built-in/,
    ),
  });
});
