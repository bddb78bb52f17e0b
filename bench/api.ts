import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { sentData } from "@/lib/server/testing/kills/sent-data";
import { median } from "@/lib/units/median";
import type { BenchOptions } from "./bench-options";
import { startLlamaPeer } from "./measure/llama-peer";
import { printTable } from "./measure/print-table";
import { startServer } from "./measure/start-server";

const ROUNDS = 4;
const CLIENTS = [1, 2, 4, 8] as const;
const MAX_TOKENS = 64;
const CONTEXT_TOKENS = 1024;
const BATCH_TOKENS = 512;
const THROUGHPUT_GOAL = 1;
/** Without one, llama.cpp adds the one in the model's template, of 21 tokens. Headroom adds none. */
const SYSTEM_PROMPT = "You are a helpful assistant.";
/** Headroom leaves cores to other programs and checks once a second: after the other side's turn it needs time to see the cores free. */
const SETTLE_MS = 2500;

const chunkSchema = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })),
  usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int() }).nullish(),
});

const threadsSchema = z.coerce.number().int().min(1);

interface Burst {
  readonly promptTokens: number;
  readonly tokensPerSecond: number;
  readonly lastFirstTokenMs: number;
}

interface Row {
  readonly clients: number;
  readonly ours: ReturnType<typeof middle>;
  readonly theirs: ReturnType<typeof middle>;
  readonly throughputRatio: number;
  readonly firstTokenRatio: number;
}

/**
 * 1 to 8 clients of our API and of llama.cpp's own server, in turns in one run, with the same model, context, threads and flash attention.
 *
 * An argument is the number of threads of either side. With one, other programs disturb both sides alike; with more, llama.cpp's server
 * stands still on a busy computer, because its threads wait for each other by spinning.
 */
export async function benchApi({ json, args }: BenchOptions): Promise<void> {
  const threads = threadsSchema.parse(args[0] ?? availableParallelism());
  const slots = Math.max(...CLIENTS);
  const modelPath = resolve(process.env.HEADROOM_MODELS_DIR ?? "models", DEFAULT_MODEL);
  const peer = await startLlamaPeer({
    modelPath,
    threads,
    slots,
    contextTokensPerSlot: CONTEXT_TOKENS,
    batchTokens: BATCH_TOKENS,
  });
  const settings = { N_CTX: CONTEXT_TOKENS, N_BATCH: BATCH_TOKENS, FLASH_ATTENTION: "on", THREADS: threads };
  try {
    const server = await startServer({ ...settings, PARALLEL: slots }, { HEADROOM_GPU: "off" });
    try {
      report(await measure(server.url, peer.url), threads, json);
    } finally {
      await server.stop();
    }
  } finally {
    peer.stop();
  }
}

async function measure(ours: string, theirs: string): Promise<Row[]> {
  const [our, their] = [await burst(ours, 1, "warm"), await burst(theirs, 1, "warm")];
  if (our.promptTokens !== their.promptTokens)
    throw new Error(`The prompt has ${our.promptTokens} tokens here and ${their.promptTokens} there.`);
  const rows: Row[] = [];
  for (const clients of CLIENTS) {
    const pairs: { ours: Burst; theirs: Burst }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const name = `${clients}/${round}`;
      const one = async (url: string) => {
        await setTimeout(SETTLE_MS);
        return burst(url, clients, name);
      };
      // The side that begins alternates, so that other work on the computer affects both equally.
      const first = round % 2 === 0 ? await one(theirs) : await one(ours);
      const second = round % 2 === 0 ? await one(ours) : await one(theirs);
      pairs.push(round % 2 === 0 ? { ours: second, theirs: first } : { ours: first, theirs: second });
    }
    const row = rowOf(clients, pairs);
    rows.push(row);
    // A run of minutes may be cut.
    console.error(
      `${clients} clients: ${row.throughputRatio.toFixed(2)} times llama.cpp's throughput, ${row.firstTokenRatio.toFixed(2)} times its wait for the last first token`,
    );
  }
  return rows;
}

const middle = (bursts: readonly Burst[]): Pick<Burst, "tokensPerSecond" | "lastFirstTokenMs"> => ({
  tokensPerSecond: median(bursts.map(one => one.tokensPerSecond)) ?? 0,
  lastFirstTokenMs: median(bursts.map(one => one.lastFirstTokenMs)) ?? 0,
});

const rowOf = (clients: number, pairs: readonly { ours: Burst; theirs: Burst }[]): Row => ({
  clients,
  ours: middle(pairs.map(({ ours }) => ours)),
  theirs: middle(pairs.map(({ theirs }) => theirs)),
  throughputRatio: median(pairs.map(({ ours, theirs }) => ours.tokensPerSecond / theirs.tokensPerSecond)) ?? 0,
  firstTokenRatio: median(pairs.map(({ ours, theirs }) => ours.lastFirstTokenMs / theirs.lastFirstTokenMs)) ?? 0,
});

/** All clients ask at once. Each has a prompt of its own, so that no prompt is in a cache. */
async function burst(url: string, clients: number, name: string): Promise<Burst> {
  const beganMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: clients }, (_, index) => ask(url, `${name}/${index} Describe a city of the future.`)),
  );
  const seconds = (performance.now() - beganMs) / 1000;
  return {
    promptTokens: answers[0]?.promptTokens ?? 0,
    tokensPerSecond: answers.reduce((sum, { tokens }) => sum + tokens, 0) / seconds,
    lastFirstTokenMs: Math.max(...answers.map(({ firstTokenMs }) => firstTokenMs)),
  };
}

interface Answer {
  readonly promptTokens: number;
  readonly tokens: number;
  readonly firstTokenMs: number;
}

async function ask(url: string, content: string): Promise<Answer> {
  const beganMs = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: DEFAULT_MODEL,
      messages: [
        { role: "system", content: SYSTEM_PROMPT },
        { role: "user", content },
      ],
      max_tokens: MAX_TOKENS,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status}: ${await response.text()}`);
  let promptTokens = 0;
  let tokens = 0;
  let firstTokenMs = 0;
  for await (const data of sentData(response.body)) {
    if (data === "[DONE]") break;
    const { choices, usage } = chunkSchema.parse(JSON.parse(data));
    if (choices[0]?.delta.content && firstTokenMs === 0) firstTokenMs = performance.now() - beganMs;
    promptTokens = usage?.prompt_tokens ?? promptTokens;
    tokens = usage?.completion_tokens ?? tokens;
  }
  return { promptTokens, tokens, firstTokenMs };
}

function report(rows: readonly Row[], threads: number, json: boolean): void {
  if (json) {
    console.log(JSON.stringify({ threads, rounds: ROUNDS, throughputGoal: THROUGHPUT_GOAL, rows }));
    return;
  }
  console.log(
    `${DEFAULT_MODEL}, CPU, ${threads} threads, ${CONTEXT_TOKENS} tokens a client, medians of ${ROUNDS} rounds:\n`,
  );
  printTable(
    ["clients", "llama.cpp t/s", "Headroom t/s", "ratio", "llama.cpp last first token", "Headroom's", "ratio"],
    rows.map(({ clients, ours, theirs, throughputRatio, firstTokenRatio }) => [
      String(clients),
      theirs.tokensPerSecond.toFixed(1),
      ours.tokensPerSecond.toFixed(1),
      throughputRatio.toFixed(2),
      `${theirs.lastFirstTokenMs.toFixed(0)} ms`,
      `${ours.lastFirstTokenMs.toFixed(0)} ms`,
      firstTokenRatio.toFixed(2),
    ]),
  );
  const behind = rows.filter(({ throughputRatio }) => throughputRatio < THROUGHPUT_GOAL).map(({ clients }) => clients);
  console.log(behind.length === 0 ? "\nAt least as fast at each." : `\nSlower with ${behind.join(", ")} clients.`);
}
