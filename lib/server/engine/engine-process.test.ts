import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterEach, expect, test } from "vitest";
import { codeOf, listen, loadConfig, question } from "@/lib/server/testing/fake-engine/engine-fixtures";
import type { FakeScript } from "@/lib/server/testing/fake-engine/fake-engine";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine/fake-engine-entry";
import { EngineSupervisor } from "./engine-supervisor";

/** The real limits divided by about twenty; a loaded machine still keeps them. */
const quickLimits = {
  watchIntervalMs: 100,
  silentIntervals: 5,
  silentIntervalsAtStart: 100,
  killAfterMs: 100,
  backOffMs: [25, 50, 100] as const,
};

const running: EngineSupervisor[] = [];
afterEach(() => Promise.all(running.splice(0).map(engine => engine.shutdown())));

function startProcess(script: FakeScript, entryPath = fakeEngineEntry({ heartbeatMs: 50, ...script })) {
  const log: string[] = [];
  const engine = new EngineSupervisor({
    entryPath,
    gpu: "auto",
    env: process.env,
    onLog: (_level, text) => log.push(text),
    limits: quickLimits,
  });
  running.push(engine);
  return { engine, log };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const pidOf = (engine: EngineSupervisor): number => {
  if (engine.pid === null) throw new Error("there is no child");
  return engine.pid;
};

const until = async (isTrue: () => boolean, limitMs = 5000): Promise<void> => {
  const endMs = Date.now() + limitMs;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`not within ${limitMs} ms: ${isTrue}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
};

/** Every word takes a while, so that the answer can be interrupted. */
const talkative: FakeScript = { words: Array.from({ length: 1000 }, () => "word "), stepMs: 10 };

test.each(["SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS"] as const)(
  "survives %s in mid-answer, keeps the text, and answers again",
  async signal => {
    const { engine } = startProcess(talkative);
    await engine.load(loadConfig());
    const answer = listen(engine.generate(question));
    await until(() => answer.text !== "");
    const killedPid = pidOf(engine);
    process.kill(killedPid, signal);
    await until(() => answer.code !== null, 2000);
    expect(answer.code).toBe("ENGINE_CRASHED");
    expect(answer.text).toMatch(/^(word )+$/);
    expect(engine.snapshot().notice).toContain(signal);
    await engine.load(loadConfig());
    const again = listen(engine.generate(question));
    await until(() => again.text !== "");
    expect(pidOf(engine)).not.toBe(killedPid);
    expect(isAlive(killedPid)).toBe(false);
  },
);

test("takes an orderly exit in the middle of a command for a crash as well", async () => {
  const { engine } = startProcess({ on: { load: [{ do: "exit", code: 0 }] } });
  const code = await engine.load(loadConfig()).catch(codeOf);
  expect(code).toBe("ENGINE_CRASHED");
  expect(engine.snapshot().notice).toContain("exit code 0");
});

test.each(["stopped by SIGSTOP", "in a busy loop"])("finds, kills and reaps a child that is %s", async how => {
  const { engine } = startProcess(how === "in a busy loop" ? { on: { generate: [{ do: "hang" }] } } : talkative);
  await engine.load(loadConfig());
  const answer = listen(engine.generate(question));
  const stuckPid = pidOf(engine);
  if (how !== "in a busy loop") process.kill(stuckPid, "SIGSTOP");
  await until(() => answer.code !== null, 3000);
  expect(answer.code).toBe("ENGINE_TIMEOUT");
  expect(isAlive(stuckPid)).toBe(false);
  await engine.start();
  expect(engine.snapshot().state).toBe("ready");
});

test("reads a flood of output to its end without keeping it", async () => {
  const floodBytes = 20_000_000;
  const { engine, log } = startProcess({ on: { generate: [{ do: "flood", bytes: floodBytes }] } });
  await engine.load(loadConfig());
  const answer = listen(engine.generate(question));
  await until(() => answer.reason !== null);
  expect(answer.text).toBe("Hello world");
  expect(log.join("").length).toBeLessThan(floodBytes / 10);
});

test("gives up with a readable reason when the engine's program is missing", async () => {
  const { engine, log } = startProcess({}, join(fakeEngineEntry({}), "..", "missing.mjs"));
  const code = await engine.start().catch(codeOf);
  expect(code).toBe("ENGINE_FAILED");
  expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_FAILED" } });
  expect(log.join("\n")).toContain("Cannot find module");
});

test("leaves no child behind after a shutdown, even one that ignores SIGTERM", async () => {
  const { engine } = startProcess({ on: { generate: [{ do: "hang" }] } });
  await engine.load(loadConfig());
  listen(engine.generate(question));
  const pid = pidOf(engine);
  await engine.shutdown();
  expect(isAlive(pid)).toBe(false);
});

const hasParentDeathSignal = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;

test.each(hasParentDeathSignal ? ["idle", "stuck"] : ["idle"])(
  "takes a child that is %s along when the server is killed",
  async state => {
    const entryPath = fakeEngineEntry(state === "stuck" ? { on: { load: [{ do: "hang" }] } } : {});
    const { outputFiles } = buildSync({
      stdin: {
        contents: `
        import { EngineSupervisor } from "./engine-supervisor";
        const engine = new EngineSupervisor({ entryPath: process.argv[2], gpu: "off", env: process.env, onLog: () => {} });
        await engine.start();
        process.send(engine.pid);
        engine.load(${JSON.stringify(loadConfig())});
        setInterval(() => {}, 1000);`,
        resolveDir: fileURLToPath(new URL(".", import.meta.url)),
        loader: "ts",
      },
      bundle: true,
      platform: "node",
      format: "esm",
      write: false,
    });
    const serverPath = join(entryPath, "..", "server.mjs");
    writeFileSync(serverPath, outputFiles[0]?.contents ?? "");
    const server = fork(serverPath, [entryPath], { execArgv: [] });
    const [pid] = await once(server, "message");
    await new Promise(resolve => setTimeout(resolve, 100));
    server.kill("SIGKILL");
    await until(() => !isAlive(pid) || isZombie(pid), 2000);
  },
);

/** In a container, the process that inherits an orphan may not collect it. */
const isZombie = (pid: number): boolean =>
  process.platform === "linux" && /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
