import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { eventStreamResponse, formatEvent, pulledStream } from "./event-stream";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** All texts received so far. */
function reading(stream: ReadableStream<Uint8Array>) {
  const texts: string[] = [];
  const reader = stream.getReader();
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return void texts.push("(end)");
      texts.push(new TextDecoder().decode(value));
    }
  })();
  return { texts, leave: () => reader.cancel() };
}

it("N9 a stream that waits says so at once and at least every 5 s, then goes on with what it waited for", async () => {
  let answer = (_text: string): void => {};
  const waited = new Promise<string>(resolve => {
    answer = resolve;
  });
  async function* source() {
    yield formatEvent(await waited);
  }
  const { texts } = reading(pulledStream(source(), new AbortController()));
  await vi.advanceTimersByTimeAsync(0);
  expect(texts).toEqual([": still here\n\n"]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(texts.length).toBeGreaterThanOrEqual(4);
  expect(new Set(texts)).toEqual(new Set([": still here\n\n"]));
  answer("at last");
  await vi.advanceTimersByTimeAsync(0);
  expect(texts.slice(-2)).toEqual(["data: at last\n\n", "(end)"]);
  const before = texts.length;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(texts).toHaveLength(before);
});

it("N9 a client that does not read gets no heap of signs of life", async () => {
  async function* never() {
    await new Promise(() => {});
    yield "";
  }
  const gone = new AbortController();
  const stream = pulledStream(never(), gone);
  await vi.advanceTimersByTimeAsync(60_000);
  const reader = stream.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe(": still here\n\n");
  gone.abort();
  expect(vi.getTimerCount()).toBe(0);
});

it("has the headers of a stream that no proxy may keep back", () => {
  const { headers } = eventStreamResponse(new ReadableStream(), { "x-kind": "a" });
  expect(Object.fromEntries(headers)).toEqual({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-kind": "a",
  });
});
