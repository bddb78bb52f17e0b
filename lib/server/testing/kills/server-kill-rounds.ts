import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "libsql";
import * as z from "zod";
import { settingRows } from "@/lib/schema/settings/settings";
import { freePort } from "@/lib/server/system/free-port";
import { Acknowledged } from "./acknowledged";
import { ChatClients } from "./chat-clients";
import { descendantsOf, hasEnded, type RealServer, startRealServer, stillRunning } from "./real-server";

/** E7: the processes that the server had started are gone by then. */
const GONE_WITHIN_MS = 2000;
/** A chat of a few words never takes longer. */
const HANG_MS = 120_000;
const LATEST_KILL_MS = 4000;
const MOST_ANSWERS = 3;
const MOST_CHUNKS = 150;
const MIN_CHUNKS = 10;

/**
 * When a life ends, in turn. Two depend on the number of acknowledgements, so that a slow machine does as much as a fast
 * one. The others are times, and hit moments that no one would think of.
 */
const moments = ["answers", "starting", "serving", "chunks", "serving"] as const;

export interface ServerKillRounds {
  readonly rounds: number;
  readonly questions: number;
  readonly answers: number;
  /** Interrupted answers that had some text. */
  readonly keptParts: number;
  readonly settings: number;
  /** Promises that were not kept. */
  readonly lost: readonly string[];
  /** Rounds that left a damaged or forgotten file, a process, or a server that does not work. */
  readonly broken: readonly string[];
  /** The longest that a process of the killed server stayed alive. */
  readonly slowestEndMs: number;
}

interface ServerKillOptions {
  readonly rounds: number;
  /** The home of all the servers, one after the other. */
  readonly home: string;
  readonly random: () => number;
  readonly onRound?: (round: number) => void;
}

/** Kills the web server, with the real engine, while people chat; restarts it on the same folder, and compares. */
export async function serverKillRounds(options: ServerKillOptions): Promise<ServerKillRounds> {
  const { rounds, home } = options;
  // With "auto", each first load would measure its threads; several would wait for each other while other tests use the other core.
  writeFileSync(join(home, "modelconf.json"), JSON.stringify({ N_CTX: 2048, MAX_TOKENS: 24, THREADS: 1 }));
  const run = new ServerKills(options, await freePort());
  for (let round = 0; round < rounds; round += 1) {
    await run.round(round);
    options.onRound?.(round);
  }
  await run.compareAll();
  return run.result(rounds);
}

class ServerKills {
  readonly #options: ServerKillOptions;
  readonly #port: number;
  readonly #acknowledged = new Acknowledged();
  readonly #clients = new ChatClients(this.#acknowledged);
  readonly #broken: string[] = [];
  /** Half-written files of the previous life. */
  #drafts: readonly string[] = [];
  #usualStartMs = 1000;
  #slowestEndMs = 0;

  constructor(options: ServerKillOptions, port: number) {
    this.#options = options;
    this.#port = port;
  }

  async round(round: number): Promise<void> {
    const server = this.#start();
    const started = this.#untilCompared(server);
    const work = started.then(() => this.#clients.run(server.url));
    const problem = await Promise.race([this.#moment(round, started), work]).then(() => null, String);
    if (problem !== null) this.#broken.push(`round ${round}: ${problem}`);
    await this.#kill(server, round);
    // The kill breaks every connection, which ends these requests.
    await work.catch(() => {});
    this.#checkFiles(round);
  }

  /** Compares everything that was ever acknowledged once more, with a server that is not killed. */
  async compareAll(): Promise<void> {
    const server = this.#start();
    try {
      await this.#untilCompared(server);
      const chatIds = new Set([...this.#acknowledged.questions.values()].map(({ chatId }) => chatId));
      await this.#acknowledged.compare(server.url, chatIds);
    } finally {
      if (!hasEnded(server.process)) {
        server.process.kill("SIGTERM");
        await once(server.process, "exit");
      }
    }
  }

  result(rounds: number): ServerKillRounds {
    const { questions, answers, keptParts, seedsAcknowledged, lost } = this.#acknowledged;
    const complete = [...answers.values()].filter(({ status }) => status === "complete").length;
    return {
      rounds,
      questions: questions.size,
      answers: complete,
      keptParts,
      settings: seedsAcknowledged,
      lost: [...lost],
      broken: this.#broken,
      slowestEndMs: this.#slowestEndMs,
    };
  }

  #start(): RealServer {
    return startRealServer({ home: this.#options.home, port: this.#port, env: { HEADROOM_GPU: "off" } });
  }

  /** Checks that the server answers, and that everything touched since the last check is as it was acknowledged. */
  async #untilCompared(server: RealServer): Promise<void> {
    const beganMs = performance.now();
    await server.untilHealthy();
    this.#usualStartMs = performance.now() - beganMs;
    const drafts = draftsIn(this.#options.home);
    for (const draft of this.#drafts.filter(draft => drafts.includes(draft))) this.#broken.push(`${draft} was left`);
    const { touched } = this.#clients;
    await this.#acknowledged.compare(server.url, touched);
    touched.clear();
    const response = await fetch(`${server.url}/api/settings`);
    const { settings, notice } = settingsAnswerSchema.parse(await response.json());
    if (notice !== null) throw new Error(notice);
    this.#acknowledged.compareSeed(settings.SEED);
  }

  async #moment(round: number, started: Promise<void>): Promise<void> {
    const { random } = this.#options;
    const moment = moments[round % moments.length];
    if (moment === "starting") return sleep(random() * this.#usualStartMs);
    await started;
    if (moment === "serving") return sleep(random() * LATEST_KILL_MS);
    const { answers } = this.#acknowledged;
    const waitFor =
      moment === "answers"
        ? { count: () => answers.size, more: 1 + Math.floor(random() * MOST_ANSWERS) }
        : { count: () => this.#clients.heardChunks, more: MIN_CHUNKS + Math.floor(random() * MOST_CHUNKS) };
    const goal = waitFor.count() + waitFor.more;
    const hang = new AbortController();
    await Promise.race([
      this.#clients.until(() => waitFor.count() >= goal),
      sleep(HANG_MS, undefined, { signal: hang.signal, ref: false }).then(() => {
        throw new Error(`No ${waitFor.more} ${moment} within ${HANG_MS} ms.`);
      }),
    ]);
    hang.abort();
  }

  /** The server is stopped first, so that the list of its processes is that of the moment of its death. */
  async #kill(server: RealServer, round: number): Promise<void> {
    const { process: killed } = server;
    if (hasEnded(killed) || killed.pid === undefined) {
      this.#broken.push(`round ${round}: the server ended by itself`);
      return;
    }
    killed.kill("SIGSTOP");
    const children = descendantsOf(killed.pid);
    const exited = once(killed, "exit");
    killed.kill("SIGKILL");
    await exited;
    const beganMs = performance.now();
    let left = stillRunning(children);
    while (left.length > 0 && performance.now() - beganMs < GONE_WITHIN_MS) {
      await sleep(20);
      left = stillRunning(children);
    }
    this.#slowestEndMs = Math.max(this.#slowestEndMs, performance.now() - beganMs);
    for (const { pid, command } of left) {
      this.#broken.push(`round ${round}: process ${pid} lives on: ${command}`);
      process.kill(pid, "SIGKILL");
    }
  }

  /** Checks the files as the kill left them, in a copy, because opening the database recovers it. */
  #checkFiles(round: number): void {
    const { home } = this.#options;
    this.#drafts = draftsIn(home);
    const problem = integrityProblem(join(home, "data", "chats.sqlite"));
    if (problem !== null) this.#broken.push(`round ${round}: ${problem}`);
    const aside = [...readdirSync(home), ...readdirSync(join(home, "data"))].filter(name =>
      /\.(broken|bad)-/.test(name),
    );
    for (const name of aside) this.#broken.push(`round ${round}: ${name} was put aside`);
    try {
      z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(join(home, "modelconf.json"), "utf8")));
    } catch (error) {
      this.#broken.push(`round ${round}: modelconf.json: ${String(error)}`);
    }
  }
}

const settingsAnswerSchema = z.object({
  settings: z.object({ SEED: settingRows.SEED.schema }),
  notice: z.string().nullable(),
});

/** Includes the time, which tells a dead server's draft from one that the next server is writing. */
const draftsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter(path => /\.(tmp|part)$/.test(path))
    .flatMap(path => {
      const stat = statSync(join(folder, path), { throwIfNoEntry: false });
      return stat ? [`${path} of ${new Date(stat.mtimeMs).toISOString()}`] : [];
    });

function integrityProblem(filePath: string): string | null {
  if (!existsSync(filePath)) return null;
  const folder = mkdtempSync(join(tmpdir(), "headroom-integrity-"));
  try {
    for (const path of [filePath, `${filePath}-wal`])
      if (existsSync(path)) copyFileSync(path, join(folder, basename(path)));
    const database = new Database(join(folder, basename(filePath)));
    const [row] = database.pragma("integrity_check") as [{ integrity_check?: string }?];
    database.close();
    return row?.integrity_check === "ok" ? null : String(row?.integrity_check);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
