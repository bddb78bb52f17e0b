import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import type { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { median } from "@/lib/units/median";
import { statsAfter } from "./measure/chat-engine";
import { startServer } from "./measure/start-server";

/** Each round has an answer beside a download and one without, in turn. */
const ROUNDS = 6;
/** The engine looks once a second how many cores are free. */
const SETTLE_MS = 2500;
const ANSWER = { grammar: 'root ::= ("river " | "stone ") root', maxTokens: 256 };

export interface BesideDownload {
  /** Median tokens a second. */
  readonly alone: number;
  readonly beside: number;
  /** Median of the rounds' own ratios: what else the machine does changes from round to round. */
  readonly ratio: number;
  /** Fetched during the answers. */
  readonly bytesPerSecond: number;
}

type Round = Omit<BesideDownload, "ratio">;

/** Decode speed of the real small model, with and without a download without a limit at the same time. */
export async function besideDownload(hub: StandInHub, source: string): Promise<BesideDownload> {
  const modelsFolder = mkdtempSync(join(tmpdir(), "headroom-beside-"));
  symlinkSync(resolve("models", DEFAULT_MODEL), join(modelsFolder, DEFAULT_MODEL));
  const server = await startServer(
    { N_CTX: 2048, THREADS: availableParallelism() },
    { HEADROOM_GPU: "off", LOG_LEVEL: "silent", HEADROOM_MODELS_DIR: modelsFolder, HF_ENDPOINT: hub.origin },
  );
  const { url } = server;
  try {
    await answer(url); // The load.
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const measure = [() => answer(url), () => answerBeside(hub, url, source)] as const;
      if (round % 2 === 0) {
        const alone = (await measure[0]()).tokensPerSecond;
        rounds.push({ alone, ...(await measure[1]()) });
      } else {
        const beside = await measure[1]();
        rounds.push({ alone: (await measure[0]()).tokensPerSecond, ...beside });
      }
    }
    const middle = (figure: (round: Round) => number): number => median(rounds.map(figure)) ?? 0;
    return {
      alone: middle(({ alone }) => alone),
      beside: middle(({ beside }) => beside),
      ratio: middle(({ alone, beside }) => beside / alone),
      bytesPerSecond: middle(({ bytesPerSecond }) => bytesPerSecond),
    };
  } finally {
    await server.stop();
    rmSync(modelsFolder, { recursive: true, force: true });
  }
}

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

async function answer(url: string) {
  const chatId = crypto.randomUUID();
  await post(`${url}/api/chats`, { id: chatId, sampling: ANSWER });
  await sleep(SETTLE_MS);
  return statsAfter(url, chatId, "Begin.");
}

async function answerBeside(hub: StandInHub, url: string, source: string) {
  const started = await (await post(`${url}/api/downloads`, { source })).json();
  const id: string = started.download.id;
  const chatId = crypto.randomUUID();
  await post(`${url}/api/chats`, { id: chatId, sampling: ANSWER });
  await sleep(SETTLE_MS);
  const startedAtMs = performance.now();
  const sentBytes = hub.sentBytes;
  const { tokensPerSecond } = await statsAfter(url, chatId, "Begin.");
  const bytesPerSecond = ((hub.sentBytes - sentBytes) / (performance.now() - startedAtMs)) * 1000;
  if (bytesPerSecond === 0) throw new Error("The download ended before the answer.");
  await post(`${url}/api/downloads/${id}`, { action: "cancel" });
  return { beside: tokensPerSecond, bytesPerSecond };
}
