import type { Timers } from "@/lib/server/system/timers";
import { FakeEngine, type FakeScript } from "./fake-engine";

/** Keeps the process alive, unlike the server's timers. */
const timers: Timers = {
  nowMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A fake engine as a process of its own that can really be stopped, flooded and killed. */
export function runFakeEngine(script: FakeScript): void {
  const engine = new FakeEngine(script, {
    generation: Number(process.env.HEADROOM_ENGINE_GENERATION),
    gpu: process.env.HEADROOM_ENGINE_GPU ?? "auto",
    timers,
    send: message => process.send?.(message),
    end: how => ("signal" in how ? process.kill(process.pid, how.signal) : process.exit(how.code)),
    hang: () => {
      for (;;);
    },
    print: text => {
      process.stdout.write(`${text}\n`);
      process.stderr.write(text);
    },
  });
  process.on("message", message => engine.receive(message));
  process.on("disconnect", () => process.exit(0));
}
