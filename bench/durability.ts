import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killRounds } from "@/lib/server/testing/kill-rounds";
import { printTable } from "./print-table";

const ROUNDS = 500;

/** SIGKILL at 500 random moments to a process that writes chats; an argument sets another number of rounds. */
export async function benchDurability(options: {
  readonly json: boolean;
  readonly args: readonly string[];
}): Promise<void> {
  const { json, args } = options;
  const rounds = Number(args[0] ?? ROUNDS);
  const folder = mkdtempSync(join(tmpdir(), "headroom-durability-"));
  try {
    const startedAtMs = performance.now();
    const result = await killRounds({ rounds, folder, rootFolder: process.cwd(), random: Math.random });
    const seconds = (performance.now() - startedAtMs) / 1000;
    if (json) console.log(JSON.stringify({ ...result, seconds }));
    else report(result, seconds);
    if (result.lost.length + result.broken.length > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report({ rounds, acknowledged, lost, broken }: Awaited<ReturnType<typeof killRounds>>, seconds: number): void {
  printTable(
    ["killed at random while writing", "rounds", "acknowledged", "lost", "damaged files", "time"],
    [
      [
        "chat history (WAL, synchronous=FULL)",
        String(rounds),
        String(acknowledged),
        String(lost.length),
        String(broken.length),
        `${seconds.toFixed(0)} s`,
      ],
    ],
  );
  for (const line of [...lost, ...broken].slice(0, 20)) console.log(line);
}
