import type { Token } from "node-llama-cpp";
import { expect, test } from "vitest";
import { SequencePool } from "./sequence-pool";

const tokens = (...numbers: number[]) => numbers as Token[];
/** Stands in for a sequence: only the tokens of its cache. */
const poolOf = (...caches: Token[][]) => {
  const sequences = caches.map(contextTokens => ({ contextTokens }));
  return { sequences, pool: new SequencePool(sequences) };
};

test("takes the sequence with the longest common prefix", async () => {
  const { pool, sequences } = poolOf(tokens(1, 2), tokens(1, 2, 3), tokens(9));
  expect((await pool.take(tokens(1, 2, 3, 4), null)).sequence).toBe(sequences[1]);
  expect((await pool.take(tokens(1, 2, 3, 4), null)).sequence).toBe(sequences[0]);
});

test("gives a chat its own sequence again, whatever other clients asked meanwhile", async () => {
  const { pool, sequences } = poolOf(tokens(), tokens(), tokens());
  const chat = await pool.take(tokens(1, 2), "chat");
  expect(chat.sequence).toBe(sequences[0]);
  chat.release();
  for (let client = 0; client < 4; client++) {
    const other = await pool.take(tokens(7, client), null);
    expect(other.sequence).not.toBe(sequences[0]);
    other.release();
  }
  expect((await pool.take(tokens(1, 2, 3), "chat")).sequence).toBe(sequences[0]);
});

test("keeps a long cache although a short beginning of it is shared", async () => {
  const { pool, sequences } = poolOf(tokens(1, 2, 3, 4, 5, 6), tokens());
  const [long, empty] = [await pool.take(tokens(1, 2, 3, 4, 5, 6), null), await pool.take(tokens(9), null)];
  empty.release();
  long.release();
  const again = await pool.take(tokens(1, 2, 3, 4, 5, 6, 7), null);
  expect(again.sequence).toBe(sequences[0]);
  again.release();
  expect((await pool.take(tokens(1, 2, 8), null)).sequence).toBe(sequences[1]);
});

test("takes the sequence that was idle the longest when none fits", async () => {
  const { pool, sequences } = poolOf(tokens(), tokens());
  const [one, other] = [await pool.take(tokens(1), "a"), await pool.take(tokens(2), "b")];
  other.release();
  one.release();
  expect((await pool.take(tokens(3), "c")).sequence).toBe(sequences[0]);
});

test("takes neighbours for answers at once, because llama.cpp computes only those together", async () => {
  const { pool, sequences } = poolOf(tokens(), tokens(), tokens(), tokens(), tokens());
  for (let used = 0; used < 3; used++) (await pool.take(tokens(used), null)).release();
  const places: number[] = [];
  for (let asked = 7; asked < 12; asked++)
    places.push(sequences.indexOf((await pool.take(tokens(asked), null)).sequence));
  // The one that was idle the longest, which is 3 of the two that were never used, and on from there.
  expect(places).toEqual([3, 4, 2, 1, 0]);
});

test("lets a request wait until a sequence is free", async () => {
  const { pool, sequences } = poolOf(tokens());
  const first = await pool.take(tokens(1), null);
  let isTaken = false;
  const second = pool.take(tokens(2), null).then(taken => {
    isTaken = true;
    return taken;
  });
  await Promise.resolve();
  expect(isTaken).toBe(false);
  first.release();
  expect((await second).sequence).toBe(sequences[0]);
});

test("copies the beginning that another sequence has, where that saves enough", async () => {
  const sequences = [{ contextTokens: tokens() }, { contextTokens: tokens() }];
  const copied: number[][] = [];
  const place = (sequence: (typeof sequences)[number]) => sequences.indexOf(sequence);
  const pool = new SequencePool(sequences, {
    isWorth: saved => saved >= 3,
    copy: async (from, to, count) => void copied.push([place(from), place(to), count]),
  });
  const ask = async (...prompt: number[]) => {
    const { sequence, release } = await pool.take(tokens(...prompt), null);
    sequence.contextTokens = tokens(...prompt);
    release();
    return place(sequence);
  };
  expect(await ask(1, 2, 3, 4, 5, 6, 7, 8)).toBe(0);
  expect(copied).toEqual([]);
  expect(await ask(1, 2, 3, 9, 9, 9, 9, 9)).toBe(1);
  expect(copied).toEqual([[0, 1, 3]]);
  // Both have the same three tokens of it.
  expect(await ask(1, 2, 3, 10)).toBe(0);
  expect(copied).toHaveLength(1);
});

test("works on an idle sequence until a request takes it, which waits for the end of the work", async () => {
  const { pool, sequences } = poolOf(tokens(1, 2));
  const [sequence] = sequences;
  if (sequence === undefined) throw new Error("no sequence");
  const steps: string[] = [];
  const work = (name: string) => async (signal: AbortSignal) => {
    steps.push(`${name} begins`);
    await new Promise(resolve => signal.addEventListener("abort", resolve));
    await Promise.resolve();
    steps.push(`${name} ends`);
  };
  const working = pool.whileIdle(sequence, work("first"));
  const waiting = pool.whileIdle(sequence, work("second"));
  const taken = await pool.take(tokens(1, 2, 3), null);
  expect(taken.sequence).toBe(sequence);
  await Promise.all([working, waiting]);
  // The second would have begun while the request has the sequence.
  expect(steps).toEqual(["first begins", "first ends"]);
  taken.release();

  const again = pool.whileIdle(sequence, work("third"));
  await pool.endIdleWork();
  await again;
  expect(steps.slice(2)).toEqual(["third begins", "third ends"]);
  await pool.whileIdle(sequence, () => Promise.reject(new Error("out of memory")));
  expect((await pool.take(tokens(4), null)).sequence).toBe(sequence);
});
