import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import Database from "libsql";
import { z } from "zod";
import { ChatStore } from "@/lib/server/chat/chat-store";

const acknowledgementSchema = z.object({ id: z.string(), text: z.string(), status: z.string().optional() });
type Acknowledgement = z.infer<typeof acknowledgementSchema>;

/** Long enough for Node to start and for some turns; short enough that some rounds die in the migration. */
const LATEST_KILL_MS = 400;

export interface KillRounds {
  readonly rounds: number;
  readonly acknowledged: number;
  /** Acknowledged things that were not there, or not as they were acknowledged. */
  readonly lost: readonly string[];
  /** Rounds after which integrity_check did not say ok, or the file had been put aside. */
  readonly broken: readonly string[];
}

/**
 * Kills a process that writes chats at random moments, and looks for what it had acknowledged. Every tenth round begins
 * without a file, so that kills hit the migration as well.
 */
export async function killRounds(options: {
  readonly rounds: number;
  readonly folder: string;
  readonly rootFolder: string;
  readonly random: () => number;
}): Promise<KillRounds> {
  const writerPath = await bundleWriter(options.rootFolder);
  const filePath = join(options.folder, "chats.db");
  const lost: string[] = [];
  const broken: string[] = [];
  let acknowledged = 0;
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      if (round % 10 === 0) for (const suffix of ["", "-wal", "-shm"]) rmSync(filePath + suffix, { force: true });
      const lines = await writeUntilKilled(writerPath, filePath, round, 60 + options.random() * LATEST_KILL_MS);
      acknowledged += lines.length;
      const problem = lookAt(filePath, round, lines, lost);
      if (problem !== null) broken.push(`round ${round}: ${problem}`);
    }
  } finally {
    rmSync(writerPath, { force: true });
  }
  return { rounds: options.rounds, acknowledged, lost, broken };
}

/** Inside the project, so that the bundle finds the database's native package. */
async function bundleWriter(rootFolder: string): Promise<string> {
  const outfile = join(rootFolder, "node_modules", ".cache", "headroom", `durability-writer-${process.pid}.mjs`);
  await build({
    entryPoints: [join(rootFolder, "lib/server/testing/durability-writer.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    tsconfig: join(rootFolder, "tsconfig.json"),
    logLevel: "error",
  });
  return outfile;
}

function writeUntilKilled(writerPath: string, filePath: string, round: number, killAfterMs: number) {
  return new Promise<Acknowledgement[]>((resolve, reject) => {
    const child = spawn(process.execPath, [writerPath, filePath, String(round)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (_code, signal) => {
      if (signal !== "SIGKILL") reject(new Error("The writer ended before it was killed."));
      // A line that was cut by the kill was not acknowledged.
      else
        resolve(
          output
            .split("\n")
            .slice(0, -1)
            .map(line => acknowledgementSchema.parse(JSON.parse(line))),
        );
    });
    setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });
}

function lookAt(filePath: string, round: number, lines: readonly Acknowledgement[], lost: string[]): string | null {
  const store = new ChatStore({ filePath });
  const chatId = `chat-${round}`;
  const messages = new Map((store.find(chatId) ? store.messages(chatId) : []).map(message => [message.id, message]));
  for (const line of lines) {
    const message = messages.get(line.id);
    if (!message?.text.startsWith(line.text) || (line.status && message.status !== line.status)) lost.push(line.id);
  }
  const half = [...messages.values()].find(({ role, id, status }) =>
    role === "user" ? ![...messages.values()].some(({ parentId }) => parentId === id) : status === "pending",
  );
  const { notice } = store;
  store.close();
  if (notice !== null) return notice;
  return half ? `${half.id} is only half there` : integrityProblem(filePath);
}

function integrityProblem(filePath: string): string | null {
  const database = new Database(filePath);
  const [row] = database.pragma("integrity_check") as [{ integrity_check?: string }?];
  database.close();
  return row?.integrity_check === "ok" ? null : String(row?.integrity_check);
}
