import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { blankChat } from "@/lib/schema/chat";
import { stopAnswering } from "./chat-actions";
import { requestAnswer } from "./chat-connection";
import { newSession, sessionStore } from "./chat-session";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const CHAT_ID = "00000000-0000-4000-8000-000000000001";

/** A browser with this many connections left: a request waits until one is free. */
function stubFetch(freeConnections: number) {
  const sent: string[] = [];
  let free = freeConnections;
  const waiting: (() => void)[] = [];
  const release = () => {
    free += 1;
    waiting.shift()?.();
  };
  vi.stubGlobal("fetch", async (address: string, init: RequestInit) => {
    if (free === 0) await new Promise<void>(resolve => waiting.push(resolve));
    free -= 1;
    sent.push(`${init.method ?? "GET"} ${address}`);
    if (address === "/api/chat") {
      init.signal?.addEventListener("abort", release);
      return new Response(new ReadableStream());
    }
    release();
    if (address.endsWith("/stop")) return Response.json({ stopped: true });
    return Response.json({ chat: blankChat(CHAT_ID), messages: [], answering: false });
  });
  return sent;
}

it.each([
  ["gives its own connection up where no other is free", 1, 1],
  ["keeps its connection where another is free", 2, 0],
] as const)("a stop %s", async (_, freeConnections, readsAgain) => {
  const sent = stubFetch(freeConnections);
  sessionStore.set({ ...newSession(blankChat(CHAT_ID)), phase: "ready", answering: true });
  await requestAnswer({ chatId: CHAT_ID } as Parameters<typeof requestAnswer>[0]);
  const stopping = stopAnswering().catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(2000);
  await stopping;
  expect(sent.filter(line => line.startsWith("POST")).length, sent.join()).toBe(2);
  expect(sent.filter(line => line.startsWith("GET"))).toHaveLength(readsAgain);
});
