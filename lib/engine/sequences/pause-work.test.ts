import type { Token } from "node-llama-cpp";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PauseWork } from "./pause-work";
import { SequencePool } from "./sequence-pool";

const PAUSE_MS = 200;
const sequences = [{ contextTokens: [] as Token[] }, { contextTokens: [] as Token[] }] as const;
let pool = new SequencePool([...sequences]);
let pauses = new PauseWork(pool, PAUSE_MS);
let done: string[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  pool = new SequencePool([...sequences]);
  pauses = new PauseWork(pool, PAUSE_MS);
  done = [];
});
afterEach(() => {
  vi.useRealTimers();
});

/** An answer of this client, and what ends it. */
async function answer(client: string) {
  const { sequence, release } = await pool.take([], client);
  pauses.begin(sequence);
  return () => {
    release();
    pauses.end(sequence, async () => void done.push(client));
  };
}

test("works once no answer was written for the pause", async () => {
  (await answer("one"))();
  (await answer("two"))();
  await vi.advanceTimersByTimeAsync(PAUSE_MS - 1);
  expect(done).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toEqual(["one", "two"]);
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(done).toHaveLength(2);
});

test("waits while another answer is written", async () => {
  (await answer("one"))();
  const end = await answer("two");
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(done).toEqual([]);
  end();
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  expect(done).toEqual(["one", "two"]);
});

test("drops the work when the next answer begins, and when it is closed", async () => {
  (await answer("one"))();
  const end = await answer("one");
  await pauses.run();
  expect(done).toEqual([]);
  end();
  pauses.close();
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(done).toEqual([]);
});
