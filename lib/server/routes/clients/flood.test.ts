import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { engineLimits } from "@/lib/server/engine/engine-limits";
import { sentData } from "@/lib/server/testing/kills/sent-data";
import { MIB } from "@/lib/units/bytes";
import { serveHome } from "../testing/serve-home";

const CLIENTS = 600;
const WORDS = Array.from({ length: 12 }, (_, index) => `word ${index} `);

/** What is not collected yet is no leak. */
setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const home = serveHome({ words: WORDS, stepMs: 5 });

const ask = (signal?: AbortSignal): Promise<Response> =>
  fetch(`${home.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: DEFAULT_MODEL, messages: [{ role: "user", content: "Hello?" }], stream: true }),
    ...(signal && { signal }),
  });

/** Reads to the end. @returns how it was answered */
async function read(pauseMs = 0): Promise<"answered" | "refused" | "cut"> {
  const response = await ask();
  if (response.status === 429) {
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    await response.text();
    return "refused";
  }
  expect(response.status).toBe(200);
  let text = "";
  for await (const data of sentData(response.body)) {
    text += data;
    if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs));
  }
  if (text.includes('"QUEUE_FULL"')) return "refused";
  return text.includes("[DONE]") ? "answered" : "cut";
}

/** Leaves before, while or after it is answered. */
async function vanish(index: number): Promise<void> {
  const leaving = new AbortController();
  setTimeout(() => leaving.abort(), index % 200);
  await ask(leaving.signal)
    .then(response => response.text())
    .catch(() => {});
}

/** Takes the headers, never reads and hangs up much later. */
async function neverRead(): Promise<void> {
  const leaving = new AbortController();
  await ask(leaving.signal);
  await new Promise(resolve => setTimeout(resolve, 500));
  leaving.abort();
}

async function flood(): Promise<Awaited<ReturnType<typeof read>>[]> {
  const readers: ReturnType<typeof read>[] = [];
  const others: Promise<void>[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    if (index % 6 < 3) readers.push(read());
    else if (index % 6 === 3) readers.push(read(20));
    else others.push(index % 6 === 4 ? vanish(index) : neverRead());
  }
  await Promise.all(others);
  return Promise.all(readers);
}

const isIdle = () => {
  const { state, queueLength } = home.services.engine.snapshot();
  expect([state, queueLength]).toEqual(["loaded", 0]);
};

it("answers or refuses each of 600 clients that read, slowly, never or not to the end, and is normal afterwards", async () => {
  expect(await read()).toBe("answered");
  const heapBytes: number[] = [];
  for (let wave = 0; wave < 3; wave++) {
    const ends = await flood();
    expect(ends).not.toContain("cut");
    // Those at work and those waiting are answered at least.
    expect(ends.filter(end => end === "answered").length).toBeGreaterThan(engineLimits.waitingRequests / 2);
    await vi.waitFor(isIdle, { timeout: 5000, interval: 50 });
    expect(await read()).toBe("answered");
    collectGarbage();
    heapBytes.push(process.memoryUsage().heapUsed);
  }
  expect((heapBytes[2] ?? 0) - (heapBytes[0] ?? 0)).toBeLessThan(64 * MIB);
}, 60_000);
