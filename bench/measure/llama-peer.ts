import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { freePort } from "@/lib/server/system/free-port";

/** llama.cpp's own server on 127.0.0.1, out of the Python package that carries it. Its slots divide the context among them. */
const PROGRAM = `
import sys, time, xllamacpp as x
p = x.CommonParams()
p.model.path = sys.argv[1]
p.port, p.cpuparams.n_threads, p.n_parallel, p.n_ctx, p.n_batch = map(int, sys.argv[2:7])
p.flash_attn_type = x.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
p.warmup = True
server = x.Server(p)
while True: time.sleep(3600)
`;

const START_LIMIT_MS = 60_000;

export interface PeerOptions {
  readonly modelPath: string;
  readonly threads: number;
  readonly slots: number;
  readonly contextTokensPerSlot: number;
  readonly batchTokens: number;
}

export interface Peer {
  readonly url: string;
  stop(): void;
}

/** @throws Error that says what to install where the package is missing */
export async function startLlamaPeer(options: PeerOptions): Promise<Peer> {
  const python = process.env.HEADROOM_BENCH_PYTHON ?? "python3";
  const port = await freePort();
  const { modelPath, threads, slots, contextTokensPerSlot, batchTokens } = options;
  const numbers = [port, threads, slots, slots * contextTokensPerSlot, batchTokens].map(String);
  const child = spawn(python, ["-c", PROGRAM, modelPath, ...numbers], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([untilHealthy(url), untilGone(child, python, () => said)]);
  return { url, stop: () => child.kill("SIGKILL") };
}

async function untilHealthy(url: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS; waitedMs += 200) {
    const response = await fetch(`${url}/health`).catch(() => null);
    if (response?.ok) return;
    await setTimeout(200);
  }
  throw new Error(`llama.cpp's server did not answer within ${START_LIMIT_MS / 1000} s.`);
}

async function untilGone(child: ChildProcess, python: string, said: () => string): Promise<never> {
  await Promise.race([once(child, "exit"), once(child, "error").then(([error]) => Promise.reject(error))]).catch(
    () => {},
  );
  throw new Error(
    `${python} has no llama.cpp server to compare with: python3 -m pip install xllamacpp, ` +
      `or name a Python that has it in HEADROOM_BENCH_PYTHON. It said: ${said().trim().split("\n").at(-1) ?? ""}`,
  );
}
