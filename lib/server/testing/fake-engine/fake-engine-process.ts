import { EventEmitter } from "node:events";
import type { ForkEngine, ForkedProcess } from "@/lib/server/engine/fork-engine";
import type { Timers } from "@/lib/server/system/timers";
import { FakeEngine, type FakeScript } from "./fake-engine";

/** A fake engine that runs inside the test and in the test's own time: hundreds of crashes a second. */
export class FakeEngineProcess extends EventEmitter implements ForkedProcess {
  readonly stdout = null;
  readonly stderr = null;
  readonly engine: FakeEngine;
  readonly env: NodeJS.ProcessEnv;
  exited = false;
  /** As after SIGSTOP: only SIGKILL has an effect. */
  #stuck = false;

  constructor(
    readonly pid: number,
    env: NodeJS.ProcessEnv,
    script: FakeScript,
    private readonly timers: Timers,
  ) {
    super();
    this.env = env;
    this.engine = new FakeEngine(script, {
      generation: Number(env.HEADROOM_ENGINE_GENERATION),
      gpu: env.HEADROOM_ENGINE_GPU ?? "auto",
      timers,
      send: message => this.#later(() => this.emit("message", message)),
      end: how => this.exit("signal" in how ? null : how.code, "signal" in how ? how.signal : null),
      hang: () => {
        this.#stuck = true;
      },
      print: () => {},
    });
  }

  send(message: unknown): boolean {
    // Through JSON, as over the pipe.
    const sent: unknown = JSON.parse(JSON.stringify(message));
    this.#later(() => this.engine.receive(sent));
    return true;
  }

  kill(signal: NodeJS.Signals): boolean {
    if (!this.#stuck || signal === "SIGKILL") this.#later(() => this.exit(null, signal));
    return !this.exited;
  }

  exit(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.exited) return;
    this.exited = true;
    this.engine.die();
    this.timers.after(0, () => this.emit("exit", code, signal));
  }

  #later(run: () => void): void {
    this.timers.after(0, () => {
      if (!this.exited) run();
    });
  }
}

/** Forks into the test. `processes` holds all children that ever existed, in order. */
export function fakeFork(script: FakeScript, timers: Timers): { fork: ForkEngine; processes: FakeEngineProcess[] } {
  const processes: FakeEngineProcess[] = [];
  const fork: ForkEngine = (_entryPath, env) => {
    const child = new FakeEngineProcess(1000 + processes.length, env, script, timers);
    processes.push(child);
    return child;
  };
  return { fork, processes };
}
