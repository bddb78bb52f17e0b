import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { codeOf, type HeardAnswer, listen, sampling } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { makeRealRig } from "@/lib/server/testing/real-rig";

const signals = ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS"] as const;
const moments = ["idle", "loading", "prefilling", "decoding"] as const;

/** The most time that a crash may cost: two seconds until it is noticed, five until the engine is back, and the load. */
const TOLD_WITHIN_MS = 2000;
const BACK_WITHIN_MS = 5000 + 5000;

const shortQuestion = {
  turns: [{ role: "user" as const, content: "What is the capital of France?" }],
  sampling: { ...sampling, maxTokens: 24 },
};
/** The default model needs a few seconds to read this. */
const longToRead = {
  turns: [{ role: "user" as const, content: "Tell me about rivers and mountains. ".repeat(100) }],
  sampling: { ...sampling, maxTokens: 200 },
};

/** Read at once, and answered for seconds. */
const longToAnswer = {
  turns: [{ role: "user" as const, content: "Write a long story about a river." }],
  sampling: { ...sampling, maxTokens: 400 },
};

const until = async (isTrue: () => boolean, limitMs: number): Promise<void> => {
  const endMs = Date.now() + limitMs;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`not within ${limitMs} ms: ${isTrue}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
};
const isOver = (answer: HeardAnswer) => answer.reason !== null || answer.code !== null;

describe("the default model on the CPU", () => {
  const rig = makeRealRig({ gpu: "off" });
  const { host, engine } = rig;
  beforeAll(() => host.ensureLoaded());
  afterAll(rig.close);

  const kill = (signal: NodeJS.Signals) => {
    if (engine.pid === null) throw new Error("there is no engine");
    process.kill(engine.pid, signal);
  };

  /** @returns what was going on when the engine was killed, if anyone waited for it */
  async function busyWith(moment: (typeof moments)[number]): Promise<HeardAnswer | null> {
    if (moment === "idle") return null;
    if (moment === "loading") {
      host.reload().catch(() => {});
      await until(() => engine.snapshot().state === "loading", 5000);
      return null;
    }
    const answer = listen(host.generate(moment === "decoding" ? longToAnswer : longToRead));
    await until(() => engine.snapshot().state === "generating", 5000);
    if (moment === "decoding") await until(() => answer.text !== "", 60_000);
    return answer;
  }

  test.each(moments.flatMap(moment => signals.map(signal => [signal, moment] as const)))(
    "survives %s while %s, and answers the next message",
    async (signal, moment) => {
      const answer = await busyWith(moment);
      const { generation } = engine.snapshot();
      kill(signal);
      if (answer !== null) {
        await until(() => isOver(answer), TOLD_WITHIN_MS);
        expect(answer.code).toBe("ENGINE_CRASHED");
        expect(answer.text !== "").toBe(moment === "decoding");
      }
      await until(() => {
        const snapshot = engine.snapshot();
        return snapshot.generation > generation && snapshot.state === "loaded";
      }, BACK_WITHIN_MS);
      const next = listen(host.generate(shortQuestion));
      await until(() => isOver(next), 30_000);
      expect(next).toMatchObject({ code: null });
      expect(next.text).toContain("Paris");
    },
  );

  test("counts the tokens of a prompt in the model's own template", async () => {
    const { totalTokens } = await host.count(shortQuestion.turns);
    // The question has 7 tokens; ChatML's <|im_start|>user … <|im_end|> and the opening of the reply are added.
    expect(totalTokens).toBeGreaterThan(7 + 5);
    expect(totalTokens).toBeLessThan(30);
  });

  test("E10 loads fifty times without keeping a model or a file handle", { timeout: 600_000 }, async context => {
    context.skip(process.platform !== "linux", "this system has no /proc");
    const residentKib = () => {
      const status = readFileSync(`/proc/${engine.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
    };
    /** The median of the last five loads: JavaScript garbage that is not collected yet comes and goes. */
    const afterLoads = async (loads: number) => {
      const readings: number[] = [];
      for (let round = 0; round < loads; round += 1) {
        await rig.patch({ USE_MMAP: round % 2 === 0 });
        readings.push(residentKib());
      }
      const [, , median = 0] = readings.slice(-5).sort((a, b) => a - b);
      return { residentKib: median, handles: readdirSync(`/proc/${engine.pid}/fd`).length };
    };
    // The first loads fill caches.
    const before = await afterLoads(10);
    const after = await afterLoads(40);
    // Of about 300 MiB: a leak of three quarters of a MiB for each load would be found.
    expect(after.residentKib).toBeLessThan(before.residentKib * 1.1);
    expect(after.handles).toBeLessThanOrEqual(before.handles);
  });
});

describe("a model file that is none", () => {
  const modelsFolder = mkdtempSync(join(tmpdir(), "headroom-broken-"));
  mkdirSync(join(modelsFolder, "folder.gguf"));
  writeFileSync(join(modelsFolder, "page.gguf"), "<!doctype html><title>Not found</title>");
  for (const name of ["half.gguf", DEFAULT_MODEL])
    copyFileSync(join("models", DEFAULT_MODEL), join(modelsFolder, name));
  truncateSync(join(modelsFolder, "half.gguf"), 50_000_000);

  const rig = makeRealRig({ gpu: "off", modelsFolder });
  afterAll(rig.close);

  test.each([
    ["missing.gguf", "MODEL_NOT_FOUND"],
    ["page.gguf", "NOT_GGUF"],
    ["half.gguf", "CORRUPT_MODEL"],
    ["folder.gguf", "NOT_A_FILE"],
  ])("%s ends in %s at once, and the engine never hears of it", async (name, code) => {
    rig.current.settings = { ...rig.current.settings, MODEL: name };
    const startMs = Date.now();
    expect(await rig.host.ensureLoaded().catch(codeOf)).toBe(code);
    expect(Date.now() - startMs).toBeLessThan(5000);
    expect(rig.engine.snapshot()).toMatchObject({ state: "stopped", error: { code } });
  });

  test("a sound one loads after them", async () => {
    await rig.patch({ MODEL: DEFAULT_MODEL });
    expect(rig.engine.snapshot()).toMatchObject({ state: "loaded", modelName: DEFAULT_MODEL, error: null });
  });
});
