import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EventStream, formatEvent } from "./event-stream";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A response of which nothing is read until `texts` is called. It holds this many characters before the sender has to wait. */
function responseHolding(characters = 1_000_000) {
  const sent: Record<string, string>[] = [];
  const stream = new PassThrough({ readableHighWaterMark: 1, writableHighWaterMark: characters, encoding: "utf8" });
  const writeHead = (_status: number, headers: Record<string, string>) => void sent.push(headers);
  const response = Object.assign(stream, { writeHead, req: { method: "GET" } }) as unknown as ServerResponse;
  const texts: string[] = [];
  return { response, sent, texts, read: () => stream.on("data", (text: string) => texts.push(text)) };
}

it("N9 a stream that waits says so within a second and then at least every 5 s, then goes on with what it waited for", async () => {
  let answer = (_text: string): void => {};
  const waited = new Promise<string>(resolve => {
    answer = resolve;
  });
  async function* source() {
    yield formatEvent(await waited);
  }
  const { response, texts, read } = responseHolding();
  read();
  void new EventStream(source()).sendTo(response, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(texts).toEqual([": still here\n\n"]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(texts.length).toBeGreaterThanOrEqual(4);
  expect(new Set(texts)).toEqual(new Set([": still here\n\n"]));
  answer("at last");
  await vi.advanceTimersByTimeAsync(0);
  expect(texts.at(-1)).toBe("data: at last\n\n");
  expect(response.writableFinished).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

it("N9 a client that does not read gets no heap of signs of life, and nobody waits for it once it has left", async () => {
  async function* never() {
    await new Promise(() => {});
    yield "";
  }
  const gone = new AbortController();
  const { response, texts, read } = responseHolding(5);
  void new EventStream(never()).sendTo(response, gone.signal);
  await vi.advanceTimersByTimeAsync(60_000);
  read();
  await vi.advanceTimersByTimeAsync(0);
  expect(texts.join("")).toBe(": still here\n\n");
  gone.abort();
  expect(vi.getTimerCount()).toBe(0);
});

it("N6 takes no more from its source than the client takes, and lets go of it when the client leaves", async () => {
  let made = 0;
  let isClosed = false;
  async function* source() {
    try {
      for (;;) yield formatEvent(made++);
    } finally {
      isClosed = true;
    }
  }
  const gone = new AbortController();
  const { response } = responseHolding(20);
  const sending = new EventStream(source()).sendTo(response, gone.signal);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(made).toBeLessThan(4);
  gone.abort();
  await sending;
  expect(isClosed).toBe(true);
});

it("sends first words with the headers, and what comes at once in one piece", async () => {
  vi.useRealTimers();
  let goOn = (): void => {};
  async function* source() {
    yield formatEvent("opening");
    yield formatEvent("first");
    await new Promise<void>(resolve => {
      goOn = resolve;
    });
    yield formatEvent("second");
  }
  const server = createServer((_request, response) => {
    void new EventStream(source()).sendTo(response, new AbortController().signal);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect(port, "127.0.0.1", () => client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
  const [socket] = (await once(server, "connection")) as [Socket];
  const pieces: string[] = [];
  const writev = socket._writev?.bind(socket);
  socket._writev = (chunks, done) => {
    pieces.push(chunks.map(({ chunk }) => String(chunk)).join(""));
    writev?.(chunks, done);
  };
  await vi.waitFor(() => expect(pieces).toHaveLength(1));
  expect(pieces[0]).toMatch(/^HTTP\/1.1 200 OK\r\n.*opening.*first/s);
  goOn();
  await vi.waitFor(() => expect(pieces[1]).toContain("second"));
  client.destroy();
  server.close();
});

it("throws what its source throws, so that it can be logged", async () => {
  // biome-ignore lint/correctness/useYield: it fails before its first text
  async function* failing(): AsyncGenerator<string> {
    throw new Error("broken");
  }
  const { response } = responseHolding();
  await expect(new EventStream(failing()).sendTo(response, new AbortController().signal)).rejects.toThrow("broken");
  expect(vi.getTimerCount()).toBe(0);
});

it("has the headers of a stream that no proxy may keep back", () => {
  const { response, sent } = responseHolding();
  async function* none(): AsyncGenerator<string> {}
  void new EventStream(none(), { "x-kind": "a" }).sendTo(response, new AbortController().signal);
  expect(sent).toEqual([
    {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-kind": "a",
    },
  ]);
});
