import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import * as z from "zod";
import { ChatStore } from "@/lib/server/chat/chat-store";
import { bundleEntry } from "../bundle-entry";

const acknowledgementSchema = z.object({ id: z.string(), text: z.string(), status: z.string().optional() });
type Acknowledgement = z.infer<typeof acknowledgementSchema>;

/** From the start of Node into its first turns, with the migration between them. */
const EARLIEST_KILL_MS = 60;
const LATEST_KILL_MS = 460;
/** The least number of lines that a writer has acknowledged when it is killed by count, even on a slow machine. */
export const FEWEST_LINES = 10;
const MOST_LINES = 100;
/** A commit takes some milliseconds, so the kill may fall anywhere in one. */
const WITHIN_COMMIT_MS = 10;

export interface KillRounds {
  readonly rounds: number;
  readonly acknowledged: number;
  /** Acknowledged things that were missing, or differed from what was acknowledged. */
  readonly lost: readonly string[];
  /** Rounds after which integrity_check did not return ok, or the file had been put aside. */
  readonly broken: readonly string[];
}

/** A time, or a number of acknowledged lines and a moment after the last of them. */
interface KillMoment {
  readonly lines: number;
  readonly thenMs: number;
}

/** Of ten rounds two end by time. The first of these starts without a file, so that kills hit the migration as well. */
function killMoment(round: number, random: () => number): KillMoment {
  if (round % 5 === 0) return { lines: 0, thenMs: EARLIEST_KILL_MS + random() * (LATEST_KILL_MS - EARLIEST_KILL_MS) };
  const lines = FEWEST_LINES + Math.floor(random() * (MOST_LINES - FEWEST_LINES));
  return { lines, thenMs: random() * WITHIN_COMMIT_MS };
}

/** Kills a process that writes chats at random moments, and checks everything that it had acknowledged. */
export async function killRounds(options: {
  readonly rounds: number;
  readonly folder: string;
  readonly rootFolder: string;
  readonly random: () => number;
}): Promise<KillRounds> {
  const writerPath = await bundleEntry(options.rootFolder, "lib/server/testing/kills/durability-writer.ts");
  const filePath = join(options.folder, "chats.db");
  const lost: string[] = [];
  const broken: string[] = [];
  let acknowledged = 0;
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      if (round % 10 === 0) for (const suffix of ["", "-wal", "-shm"]) rmSync(filePath + suffix, { force: true });
      const lines = await writeUntilKilled(writerPath, filePath, round, killMoment(round, options.random));
      acknowledged += lines.length;
      const problem = checkStore(filePath, round, lines, lost);
      if (problem !== null) broken.push(`round ${round}: ${problem}`);
    }
  } finally {
    rmSync(writerPath, { force: true });
  }
  return { rounds: options.rounds, acknowledged, lost, broken };
}

function writeUntilKilled(writerPath: string, filePath: string, round: number, moment: KillMoment) {
  return new Promise<Acknowledgement[]>((resolve, reject) => {
    const child = spawn(process.execPath, [writerPath, filePath, String(round)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    let missingLines = moment.lines;
    const killSoon = () => setTimeout(() => child.kill("SIGKILL"), moment.thenMs);
    if (missingLines === 0) killSoon();
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (missingLines <= 0) return;
      missingLines -= text.split("\n").length - 1;
      if (missingLines <= 0) killSoon();
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
  });
}

function checkStore(filePath: string, round: number, lines: readonly Acknowledgement[], lost: string[]): string | null {
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
