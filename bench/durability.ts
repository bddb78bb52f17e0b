import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KillRounds, killRounds } from "@/lib/server/testing/kills/kill-rounds";
import { type ServerKillRounds, serverKillRounds } from "@/lib/server/testing/kills/server-kill-rounds";
import type { BenchOptions } from "./bench-options";
import { printTable } from "./measure/print-table";

const ROUNDS = 500;
const TOLD_PROBLEMS = 20;
const PRINT_EVERY_ROUNDS = 25;

type Timed<Result> = Result & { readonly seconds: number };

/**
 * Sends SIGKILL at 500 random moments to the web server while people chat with the real engine, and to a process that only
 * writes chats, which hits commits and the migration far more often. An argument sets another number of rounds.
 */
export async function benchDurability(options: BenchOptions): Promise<void> {
  const { json, args } = options;
  const rounds = Number(args[0] ?? ROUNDS);
  const random = Math.random;
  const printRound = (round: number) => {
    if (!json && (round + 1) % PRINT_EVERY_ROUNDS === 0) console.log(`${round + 1} of ${rounds} servers killed`);
  };
  const server = await inFolder(home => serverKillRounds({ rounds, home, random, onRound: printRound }));
  const store = await inFolder(folder => killRounds({ rounds, folder, rootFolder: process.cwd(), random }));
  if (json) console.log(JSON.stringify({ server, store }));
  else report(server, store);
  if ([server.lost, server.broken, store.lost, store.broken].some(problems => problems.length > 0))
    process.exitCode = 1;
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Timed<Result>> {
  const folder = mkdtempSync(join(tmpdir(), "headroom-durability-"));
  try {
    const startedAtMs = performance.now();
    const result = await work(folder);
    return { ...result, seconds: (performance.now() - startedAtMs) / 1000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(server: Timed<ServerKillRounds>, store: Timed<KillRounds>): void {
  const row = (name: string, acknowledged: number, result: Timed<ServerKillRounds> | Timed<KillRounds>) => [
    name,
    String(result.rounds),
    String(acknowledged),
    String(result.lost.length),
    String(result.broken.length),
    `${result.seconds.toFixed(0)} s`,
  ];
  printTable(
    ["killed at random (SIGKILL)", "rounds", "acknowledged", "lost", "damaged", "time"],
    [
      row("web server with the real engine, over HTTP", server.questions + server.answers + server.settings, server),
      row("chat store alone, migration included", store.acknowledged, store),
    ],
  );
  console.log(
    `\nOf the web server: ${server.questions} questions, ${server.answers} whole answers, ${server.settings} settings; ` +
      `${server.keptParts} interrupted answers kept text; what it had started lived ${server.slowestEndMs.toFixed(0)} ms longer at most.`,
  );
  const problems = [...server.lost, ...server.broken, ...store.lost, ...store.broken];
  for (const line of problems.slice(0, TOLD_PROBLEMS)) console.log(line);
}
