import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { sentData } from "@/lib/server/testing/kills/sent-data";
import { median } from "@/lib/units/median";
import type { BenchOptions } from "./bench-options";
import {
  bareRequestSchema,
  type MeasuredTurn,
  measuredTurnSchema,
  serveBareSession,
  TokenClock,
} from "./measure/bare-session";
import { printTable } from "./measure/print-table";
import { type BenchServer, startServer } from "./measure/start-server";

const ROUNDS = 4;
const MAX_TOKENS = 128;
const CONTEXT_TOKENS = 4096;
const BATCH_TOKENS = 512;
const GOAL_RATIO = 0.95;
/**
 * The pause before each answer, of either side. Headroom leaves cores to other programs and checks once a second: after the other
 * side's turn it needs time to see the cores free. After a pause the first token takes longer, so both sides get the same one.
 */
const SETTLE_MS = 2500;
/** With this argument, the bench process runs node-llama-cpp alone for the bench process that started it. */
const BARE = "--bare";

const QUESTIONS = [
  "Explain in detail how a sailing ship can move against the wind.",
  "What did sailors eat on long voyages, and why did they fall ill?",
  "Describe a storm at sea as a novelist would.",
  "How is the depth of water measured from a ship?",
  "Compare the duties of a captain and a first mate.",
  "Write a short list of ten nautical terms with their meanings.",
] as const;

interface TurnRow {
  readonly turn: number;
  readonly bare: MeasuredTurn;
  readonly headroom: MeasuredTurn;
}

/** Six turns of a chat through our HTTP route and through node-llama-cpp alone, alternating in one run, with the same settings. */
export async function benchEngine({ json, args }: BenchOptions): Promise<void> {
  if (args[0] === BARE) {
    await serveBareSession(bareRequestSchema.parse(JSON.parse(args[1] ?? "")));
    await once(process, "disconnect");
    return;
  }
  const threads = availableParallelism();
  const bare = await startBare(threads);
  const server = await startServer(settingsFor(threads), { HEADROOM_GPU: "off" });
  try {
    report(await measure(bare, server), threads, json);
  } finally {
    bare.disconnect();
    await server.stop();
  }
}

const settingsFor = (threads: number) => ({
  N_CTX: CONTEXT_TOKENS,
  N_BATCH: BATCH_TOKENS,
  KV_CACHE_QUANT: "f16",
  FLASH_ATTENTION: "auto",
  THREADS: threads,
});

async function startBare(threads: number): Promise<ChildProcess> {
  const request = {
    modelPath: resolve(process.env.HEADROOM_MODELS_DIR ?? "models", DEFAULT_MODEL),
    contextTokens: CONTEXT_TOKENS,
    batchTokens: BATCH_TOKENS,
    threads,
    maxTokens: MAX_TOKENS,
  };
  // One libuv worker here too: with the default of four, node-llama-cpp alone is slower by half (engine.md, trap 1).
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
  const child = fork(process.argv[1] ?? "", ["engine", BARE, JSON.stringify(request)], { env });
  await once(child, "message");
  return child;
}

/**
 * Medians over the rounds. The two sides answer alternately, so that other work on the computer affects both equally. Each round has
 * its own opening, so that no prompt is in the cache already.
 */
async function measure(bare: ChildProcess, server: BenchServer): Promise<TurnRow[]> {
  const turns: TurnRow[] = [];
  await answerOverHttp(server.url, [{ role: "user", content: "Say hello." }]);
  for (let round = 1; round <= ROUNDS; round++) {
    const messages: { role: "user" | "assistant"; content: string }[] = [];
    for (const [index, asked] of QUESTIONS.entries()) {
      const question = index === 0 ? `Round ${round}. ${asked}` : asked;
      await setTimeout(SETTLE_MS);
      const ofBare = await answerBare(bare, question, index === 0);
      await setTimeout(SETTLE_MS);
      messages.push({ role: "user", content: question });
      const { text, turn } = await answerOverHttp(server.url, messages);
      messages.push({ role: "assistant", content: text });
      turns.push({ turn: index + 1, bare: ofBare, headroom: turn });
    }
    console.error(`round ${round} of ${ROUNDS}: done`);
  }
  return QUESTIONS.map((_, index) => {
    const ofTurn = turns.filter(({ turn }) => turn === index + 1);
    return {
      turn: index + 1,
      bare: medianTurn(ofTurn.map(({ bare: measured }) => measured)),
      headroom: medianTurn(ofTurn.map(({ headroom }) => headroom)),
    };
  });
}

async function answerBare(bare: ChildProcess, question: string, isNewChat: boolean): Promise<MeasuredTurn> {
  bare.send({ question, isNewChat });
  const [answer] = await once(bare, "message");
  return measuredTurnSchema.parse(answer);
}

const chunkSchema = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })),
  usage: z.object({ completion_tokens: z.int() }).nullish(),
});

async function answerOverHttp(url: string, messages: readonly object[]): Promise<{ text: string; turn: MeasuredTurn }> {
  const clock = new TokenClock();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: DEFAULT_MODEL,
      messages,
      max_tokens: MAX_TOKENS,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (!response.ok || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
  let text = "";
  let tokens = 0;
  for await (const data of sentData(response.body)) {
    if (data === "[DONE]") break;
    const { choices, usage } = chunkSchema.parse(JSON.parse(data));
    const content = choices[0]?.delta.content ?? "";
    if (content !== "") clock.count(1);
    text += content;
    tokens = usage?.completion_tokens ?? tokens;
  }
  return { text, turn: clock.turn(tokens) };
}

const medianTurn = (turns: readonly MeasuredTurn[]): MeasuredTurn => ({
  tokens: Math.round(median(turns.map(turn => turn.tokens)) ?? 0),
  timeToFirstTokenMs: median(turns.map(turn => turn.timeToFirstTokenMs)) ?? 0,
  tokensPerSecond: median(turns.map(turn => turn.tokensPerSecond)) ?? 0,
});

function report(rows: readonly TurnRow[], threads: number, json: boolean): void {
  const decodeRatios = rows.map(row => row.headroom.tokensPerSecond / row.bare.tokensPerSecond);
  const decodeRatio = median(decodeRatios) ?? 0;
  if (json) {
    console.log(JSON.stringify({ threads, rounds: ROUNDS, goalRatio: GOAL_RATIO, decodeRatio, turns: rows }));
    return;
  }
  console.log(`${DEFAULT_MODEL}, CPU, ${threads} threads, ${CONTEXT_TOKENS} tokens, medians of ${ROUNDS} rounds:\n`);
  printTable(
    ["turn", "bare t/s", "Headroom t/s", "ratio", "bare first token", "Headroom first token", "ratio"],
    rows.map(({ turn, bare, headroom }, index) => [
      String(turn),
      bare.tokensPerSecond.toFixed(1),
      headroom.tokensPerSecond.toFixed(1),
      (decodeRatios[index] ?? 0).toFixed(2),
      `${bare.timeToFirstTokenMs.toFixed(0)} ms`,
      `${headroom.timeToFirstTokenMs.toFixed(0)} ms`,
      (headroom.timeToFirstTokenMs / bare.timeToFirstTokenMs).toFixed(2),
    ]),
  );
  const verdict = decodeRatio >= GOAL_RATIO ? "ok" : "NOT MET";
  console.log(
    `\nDecoding through our HTTP: ${decodeRatio.toFixed(2)} of node-llama-cpp alone (goal ${GOAL_RATIO}): ${verdict}`,
  );
}
