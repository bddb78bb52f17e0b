import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve as resolvePath } from "node:path";
import { expect, freePort, test } from "./fixtures";

interface Process {
  readonly pid: number;
  readonly command: string;
}

/** A process and all processes below it, from the top down. */
function processesBelow(pid: number): Process[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).trim().split("\n");
  const all = lines.map(line => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)).filter(match => match !== null);
  const below = (parent: number): Process[] =>
    all
      .filter(([, , ppid]) => Number(ppid) === parent)
      .flatMap(([, id, , command]) => [{ pid: Number(id), command: command ?? "" }, ...below(Number(id))]);
  return below(pid);
}

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

/** Whether another program can listen on this port. */
const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

test.describe("E12 the chain from npm to the engine", () => {
  test.skip(process.platform !== "linux", "reads /proc");
  let home: string;
  let port: number;
  let started: ChildProcess;
  test.beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "headroom-chain-"));
    port = await freePort();
  });
  test.afterEach(() => {
    for (const { pid } of started.pid === undefined ? [] : processesBelow(started.pid)) process.kill(pid, "SIGKILL");
    started.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });

  const env = () => ({ ...process.env, PORT: String(port), HEADROOM_HOME: home, HEADROOM_GPU: "off", HOST: "" });
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/api/health`)
      .then(response => response.ok)
      .catch(() => false);

  /** npm, its shell, the start script, the server and the engine. */
  async function startedChain(program: string, args: readonly string[]): Promise<Process[]> {
    started = spawn(program, args, { env: env(), stdio: "ignore", detached: true });
    await expect.poll(isUp, { timeout: 60_000 }).toBe(true);
    const chain = () => processesBelow(started.pid ?? -1);
    await expect.poll(() => chain().some(({ command }) => command.includes("engine.mjs"))).toBe(true);
    return [{ pid: started.pid ?? -1, command: program }, ...chain()];
  }

  async function expectAllGone(chain: readonly Process[]): Promise<void> {
    await expect.poll(() => chain.filter(({ pid }) => isAlive(pid)), { timeout: 12_000 }).toEqual([]);
    expect(await isFree(port)).toBe(true);
  }

  for (const [who, pattern] of [
    ["npm", /^npm$/],
    ["npm's shell", /^sh -c node scripts\/start\.mjs/],
    ["the start script", /^(?:\S*\/)?node scripts\/start\.mjs/],
    ["the server", /dist\/server\.mjs/],
  ] as const)
    for (const signal of ["SIGTERM", "SIGKILL"] as const)
      test(`E12 ${signal} to ${who} ends all of it`, async () => {
        const chain = await startedChain("npm", ["start"]);
        const target = chain.find(({ command }) => pattern.test(command));
        expect(target, JSON.stringify(chain)).toBeDefined();
        process.kill(target?.pid ?? -1, signal);
        await expectAllGone(chain);
      });

  test("E12 Ctrl+C, which a terminal sends to all of its foreground programs, ends all of it", async () => {
    const chain = await startedChain("npm", ["start"]);
    process.kill(-(chain[0]?.pid ?? 0), "SIGINT");
    await expectAllGone(chain);
  });

  test("E12 a server that was left running on purpose outlives the shell that started it", async () => {
    // The environment that a program below `npm test` or `npm exec` inherits, although npm did not start it.
    const inherited = {
      npm_lifecycle_event: "test",
      npm_lifecycle_script: "node scripts/test.mjs",
      npm_package_json: resolvePath("package.json"),
    };
    for (const command of ["nohup npm start >/dev/null 2>&1 &", "setsid node scripts/start.mjs >/dev/null 2>&1 &"]) {
      // The shell stays until the server has certainly seen it, then ends.
      started = spawn("sh", ["-c", `${command} cat`], {
        env: { ...env(), ...inherited },
        stdio: ["pipe", "ignore", "ignore"],
      });
      await expect.poll(isUp, { timeout: 60_000 }).toBe(true);
      const shellEnd = new Promise(resolve => started.once("exit", resolve));
      started.stdin?.end();
      await shellEnd;
      await new Promise(resolve => setTimeout(resolve, 3000));
      expect(await isUp(), command).toBe(true);
      const left = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" })
        .split("\n")
        .filter(line => line.includes("scripts/start.mjs") && line.includes("node"))
        .map(line => Number(line.trim().split(" ")[0]))
        .filter(pid => readFileSync(`/proc/${pid}/environ`, "utf8").includes(`PORT=${port}\0`));
      for (const pid of left) process.kill(pid, "SIGTERM");
      await expect.poll(() => isFree(port), { timeout: 12_000 }).toBe(true);
    }
  });
});
