import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { printTable } from "./measure/print-table";
import { startServer } from "./measure/start-server";

const PROGRAM = "bench/clients.py";
/** The script's exit code where a package is missing. */
const MISSING = 3;

const rowSchema = z.object({
  client: z.string(),
  call: z.string(),
  expected: z.enum(["works", "refused"]),
  outcome: z.enum(["works", "refused", "fails"]),
  said: z.string(),
});
type Row = z.infer<typeof rowSchema>;

const words: Readonly<Record<Row["outcome"], string>> = {
  works: "works",
  refused: "refused by name",
  fails: "FAILS",
};

/** The documented calls of the Python clients openai, anthropic, litellm and langchain-openai, against our own server and the bundled model. */
export async function benchClients({ json }: { json: boolean }): Promise<void> {
  const server = await startServer({ N_CTX: 2048 }, { HEADROOM_GPU: "off" });
  const rows: Row[] = [];
  try {
    for await (const row of callsTo(server.url)) {
      rows.push(row);
      if (row.outcome === "fails") console.error(`${row.client}: ${row.call}: ${row.said}`);
    }
  } finally {
    await server.stop();
  }
  if (json) console.log(JSON.stringify({ rows }));
  else report(rows);
}

/** @throws Error that says what to install where a package is missing */
async function* callsTo(url: string): AsyncGenerator<Row> {
  const python = process.env.HEADROOM_BENCH_PYTHON ?? "python3";
  const child = spawn(python, [resolve(PROGRAM), url, DEFAULT_MODEL], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const ended = once(child, "close");
  ended.catch(() => {});
  for await (const line of createInterface(child.stdout))
    if (line.startsWith('{"client"')) yield rowSchema.parse(JSON.parse(line));
  const [code] = await ended;
  if (code === 0) return;
  throw new Error(
    code === MISSING
      ? `${python} lacks a client: ${python} -m pip install openai anthropic litellm langchain-openai, or name a Python ` +
          `that has them in HEADROOM_BENCH_PYTHON. It said: ${said.trim()}`
      : `${PROGRAM} ended with ${code}. It said: ${said.trim().split("\n").at(-1) ?? ""}`,
  );
}

function report(rows: readonly Row[]): void {
  console.log(`${DEFAULT_MODEL}, CPU:\n`);
  printTable(
    ["call", "client", "result"],
    rows.map(({ client, call, outcome }) => [call, client, words[outcome]]),
  );
  console.log("");
  const clients = [...new Set(rows.map(({ client }) => client))];
  const count = (client: string, outcome: Row["outcome"]): string =>
    String(rows.filter(row => row.client === client && row.outcome === outcome).length);
  printTable(
    ["client", "works", "refused by name", "fails"],
    clients.map(client => [client, count(client, "works"), count(client, "refused"), count(client, "fails")]),
  );
}
