import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import type { Timers } from "@/lib/server/system/timers";
import { SIGN_OF_LIFE } from "./event-stream";
import { KeptStream, KeptStreams } from "./kept-streams";

const never = new AbortController().signal;

/** Time that goes on by hand. */
function handTimers() {
  let nowMs = 0;
  const waiting = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const timers: Timers = {
    nowMs: () => nowMs,
    after(delayMs, run) {
      const entry = { atMs: nowMs + delayMs, run };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const entry of waiting)
      if (entry.atMs <= nowMs) {
        waiting.delete(entry);
        entry.run();
      }
  };
  return { timers, pass, waiting };
}

/** Texts that are sent by hand. */
function source() {
  const texts = new PassThrough({ encoding: "utf8" });
  return { texts, send: (text: string) => void texts.write(text), end: () => void texts.end() };
}

async function textFrom(stream: KeptStream, offset: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream.from(offset, never)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

it("gives each reader the bytes after its own, and then what is written, to the end", async () => {
  const stream = new KeptStream("a", 0);
  stream.append("Rh\u00e9");
  const [early, late, inside] = [textFrom(stream, 0), textFrom(stream, 2), textFrom(stream, 3)];
  await vi.waitFor(() => expect(stream.totalBytes).toBe(4));
  stream.append("ine");
  stream.end(1);
  expect(await early).toBe("Rh\u00e9ine");
  expect(await late).toBe("\u00e9ine");
  // The second byte of the letter, as the reader asked.
  expect(await inside).toBe("\ufffdine");
  expect(await textFrom(stream, 7)).toBe("");
});

it("drops the oldest bytes beyond its size, and ends a reader that was not fast enough", async () => {
  const stream = new KeptStream("a", 0, 6);
  const reader = stream.from(0, never);
  stream.append("abc");
  expect(Buffer.from((await reader.next()).value ?? []).toString()).toBe("abc");
  for (const text of ["def", "ghi", "jkl"]) stream.append(text);
  stream.end(1);
  expect(stream.droppedBytes).toBe(6);
  expect((await reader.next()).done).toBe(true);
  expect(await textFrom(stream, 6)).toBe("ghijkl");
});

it("ends a reader that leaves, and goes on writing", async () => {
  const stream = new KeptStream("a", 0);
  const gone = new AbortController();
  const next = stream.from(0, gone.signal).next();
  gone.abort();
  expect((await next).done).toBe(true);
  stream.append("more");
  stream.end(1);
  expect(await textFrom(stream, 0)).toBe("more");
});

it("keeps an answer for five minutes after its end, for the key that asked for it", async () => {
  const { timers, pass, waiting } = handTimers();
  const kept = new KeptStreams(timers);
  const answer = source();
  const stream = kept.keep("key", "chat::model", answer.texts, () => {});
  answer.send("Rhine");
  pass(3_600_000);
  expect(kept.find("key", "chat::model")).toBe(stream);
  expect([kept.find("other", "chat::model"), kept.find(null, "chat::model")]).toEqual([null, null]);
  expect(kept.named("key", ["chat"])).toEqual([stream]);
  expect([kept.named("other", ["chat"]), kept.named("key", ["cha"])]).toEqual([[], []]);
  answer.end();
  await vi.waitFor(() => expect(waiting.size).toBe(1));
  expect(stream && (await textFrom(stream, 0))).toBe(`${SIGN_OF_LIFE}Rhine`);
  pass(299_999);
  expect(kept.find("key", "chat::model")).toBe(stream);
  pass(1);
  expect(kept.find("key", "chat::model")).toBeNull();
});

it("stops an answer that is stopped, or asked for again", async () => {
  const kept = new KeptStreams(handTimers().timers);
  const stops = [vi.fn(), vi.fn()] as const;
  kept.keep(null, "a", source().texts, stops[0]);
  const second = kept.keep(null, "a", source().texts, stops[1]);
  expect(stops.map(stop => stop.mock.calls.length)).toEqual([1, 0]);
  expect(kept.find(null, "a")).toBe(second);
  kept.stop("key", "a");
  kept.stop(null, "b");
  expect(stops[1]).not.toHaveBeenCalled();
  kept.close();
  expect(stops[1]).toHaveBeenCalledOnce();
  expect(kept.find(null, "a")).toBeNull();
});

it("keeps at most 16 answers: an ended one makes room, one that is being written does not", async () => {
  const { timers, waiting } = handTimers();
  const kept = new KeptStreams(timers);
  const first = source();
  kept.keep(null, "0", first.texts, () => {});
  for (let index = 1; index < 16; index += 1) kept.keep(null, String(index), source().texts, () => {});
  expect(kept.keep(null, "16", source().texts, () => {})).toBeNull();
  first.end();
  await vi.waitFor(() => expect(waiting.size).toBe(1));
  expect(kept.keep(null, "16", source().texts, () => {})).not.toBeNull();
  expect([kept.find(null, "0"), waiting.size]).toEqual([null, 0]);
  kept.close();
});
