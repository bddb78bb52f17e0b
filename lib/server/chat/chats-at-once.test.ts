import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { ChatRequest, RunChunk } from "@/lib/schema/chat";
import type { Settings } from "@/lib/schema/settings/settings";
import { listen, question, watch } from "@/lib/server/testing/fake-engine/engine-fixtures";
import type { FakeScript } from "@/lib/server/testing/fake-engine/fake-engine";
import { makeHostRig } from "@/lib/server/testing/host-rig";
import type { ChatRun } from "./chat-run";
import { ChatRuns } from "./chat-runs";
import { ChatStores } from "./chat-stores";

const WORDS = ["one ", "two ", "three ", "four ", "five "];
const WHOLE = WORDS.join("");
const STEP_MS = 40;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Chats of the page over a scripted engine that writes two answers at once. */
function makeChats(settings: Partial<Settings> = {}, script: Pick<FakeScript, "on"> = {}) {
  const rig = makeHostRig({
    settings: { PARALLEL: 2, ...settings },
    script: { words: WORDS, stepMs: STEP_MS, ...script },
  });
  const chats = new ChatStores(join(rig.home, "chats.db"));
  const failures: unknown[] = [];
  const onFailure = (_what: string, error: unknown) => failures.push(error);
  const runs = new ChatRuns({ chats, engine: rig.host, settings: { read: () => rig.current.settings }, onFailure });
  closing.push(() => {
    chats.close();
    expect(failures).toEqual([]);
    expect(rig.processes.flatMap(child => child.engine.breaches)).toEqual([]);
  });
  const say = (chatId: string, text = "Hello", more: Partial<ChatRequest> = {}): ChatRun => {
    const message = { id: `${chatId}-question`, role: "user" as const, parts: [{ type: "text" as const, text }] };
    return runs.start({ chatId, message, trigger: "submit-message", ...more });
  };
  /** Lets time pass until something holds. */
  const until = async (holds: () => boolean): Promise<void> => {
    for (let step = 0; !holds(); step += 1) {
      if (step > 2000) throw new Error(`It never came: ${holds}`);
      await rig.timers.advance(5);
      await setTimeout(1);
    }
  };
  const untilQueued = async (run: ChatRun): Promise<RunChunk[]> => {
    const chunks = follow(run);
    await until(() => placesOf(chunks).length > 0);
    return chunks;
  };
  const replyOf = (run: ChatRun) => chats.storeOf(run.chatId).message(run.chatId, run.replyId);
  const isOver = (run: ChatRun) => runs.find(run.chatId) === null;
  return { ...rig, chats, runs, say, until, untilQueued, replyOf, isOver };
}

/** Follows a run as a tab does. The list grows as the answer comes. */
function follow(run: ChatRun): RunChunk[] {
  const chunks: RunChunk[] = [];
  void run.follow().pipeTo(
    new WritableStream({
      write(chunk) {
        chunks.push(chunk);
      },
    }),
  );
  return chunks;
}

const textOf = (chunks: readonly RunChunk[]): string =>
  chunks.map(chunk => (chunk.type === "text-delta" ? chunk.delta : "")).join("");

const placesOf = (chunks: readonly RunChunk[]): number[] =>
  chunks.flatMap(chunk => (chunk.type === "data-status" && chunk.data.phase === "queued" ? [chunk.data.position] : []));

test("two chats grow at the same time, and each has its own text", async () => {
  const { say, until, replyOf, isOver } = makeChats();
  const [one, two] = [say("one"), say("two")];
  await until(() => one.text.text !== "" && two.text.text !== "");
  expect([one.text.text === WHOLE, two.text.text === WHOLE]).toEqual([false, false]);
  await until(() => isOver(one) && isOver(two));
  for (const run of [one, two]) expect(replyOf(run)).toMatchObject({ text: WHOLE, status: "complete", error: null });
});

test("chats and clients of the API wait in one queue, in the order they came, and are told their place in it", async () => {
  const { say, until, untilQueued, host, done, isOver } = makeChats();
  await done(host.ensureLoaded());
  const answering = [say("one"), say("two")];
  await until(() => answering.every(run => run.text.text !== ""));
  const third = say("three");
  const places = await untilQueued(third);
  const client = listen(host.generate(question));
  const fourth = say("four");
  const placesOfFourth = await untilQueued(fourth);
  expect([placesOf(places), placesOf(placesOfFourth)]).toEqual([[1], [3]]);
  await until(() => isOver(third) && isOver(fourth));
  expect(client.text).toBe(WHOLE);
  // Two answers end at about the same time, so a place can be skipped.
  expect(placesOf(placesOfFourth)).toEqual([...placesOf(placesOfFourth)].sort((a, b) => b - a));
  expect(placesOf(placesOfFourth).at(-1)).toBe(1);
});

test("a chat that waits can be stopped, without a word to the engine, and the others go on", async () => {
  const { say, until, untilQueued, runs, processes, replyOf, isOver } = makeChats();
  const answering = [say("one"), say("two")];
  await until(() => answering.every(run => run.text.text !== ""));
  const waiting = say("three");
  await untilQueued(waiting);
  await runs.stop("three");
  expect(replyOf(waiting)).toMatchObject({ status: "interrupted", text: "", error: null });
  await until(() => answering.every(isOver));
  expect(answering.map(run => replyOf(run).text)).toEqual([WHOLE, WHOLE]);
  expect(processes[0]?.engine.received.filter(({ type }) => type === "generate")).toHaveLength(2);
});

test("stopping one of two answers leaves the other, and the next in the queue takes its place", async () => {
  const { say, until, runs, replyOf, isOver } = makeChats();
  const [one, two] = [say("one"), say("two")];
  await until(() => one.text.text !== "" && two.text.text !== "");
  const three = say("three");
  const stopped = runs.stop("one");
  await until(() => isOver(one));
  await stopped;
  await until(() => three.text.text !== "");
  expect(isOver(two)).toBe(false);
  await until(() => isOver(two) && isOver(three));
  expect(replyOf(one)).toMatchObject({ status: "interrupted", error: null });
  expect(WHOLE.startsWith(replyOf(one).text)).toBe(true);
  expect([two, three].map(run => replyOf(run).text)).toEqual([WHOLE, WHOLE]);
});

test("a chat that is deleted while it answers ends, and the other goes on", async () => {
  const { say, until, runs, chats, replyOf, isOver } = makeChats();
  const [one, two] = [say("one"), say("two")];
  await until(() => one.text.text !== "" && two.text.text !== "");
  // What the route does.
  const stopped = runs.stop("one");
  await until(() => isOver(one));
  await stopped;
  chats.storeOf("one").remove("one");
  await until(() => isOver(two));
  expect(replyOf(two)).toMatchObject({ text: WHOLE, status: "complete" });
  expect(chats.kept.list().map(chat => chat.id)).toEqual(["two"]);
});

test("a crash ends the two that are being written, each with its text so far, and the one that waited is answered", async () => {
  const { say, until, untilQueued, processes, replyOf, isOver } = makeChats();
  const answering = [say("one"), say("two")];
  await until(() => answering.every(run => run.text.text !== ""));
  const waiting = say("three");
  await untilQueued(waiting);
  processes[0]?.exit(null, "SIGSEGV");
  await until(() => answering.every(isOver));
  for (const run of answering)
    expect(replyOf(run)).toMatchObject({ status: "interrupted", error: { code: "ENGINE_CRASHED" } });
  expect(answering.map(run => replyOf(run).text.startsWith("one "))).toEqual([true, true]);
  await until(() => isOver(waiting));
  expect(replyOf(waiting)).toMatchObject({ text: WHOLE, status: "complete", error: null });
});

test("a refusal of one request says nothing to the other", async () => {
  const fail = {
    do: "fail",
    code: "CONTEXT_EXCEEDED",
    message: "Too long.",
    promptTokens: 2000,
    contextTokens: 1024,
  } as const;
  const { say, until, replyOf, isOver } = makeChats({}, { on: { generate: [{ do: "answer" }, fail] } });
  const [one, two] = [say("one"), say("two")];
  await until(() => isOver(one) && isOver(two));
  expect([one, two].map(run => replyOf(run).error?.code ?? replyOf(run).text)).toEqual([WHOLE, "CONTEXT_EXCEEDED"]);
});

test("changed settings wait for both answers and lose nobody who waits", async () => {
  const { say, until, untilQueued, patch, engine, replyOf, isOver } = makeChats();
  const answering = [say("one"), say("two")];
  await until(() => answering.every(run => run.text.text !== ""));
  const waiting = say("three");
  await untilQueued(waiting);
  const change = watch(patch({ N_CTX: 2048 }));
  await until(() => engine.snapshot().loadWaits);
  await until(() => change.state === "done");
  expect(answering.map(run => replyOf(run).text)).toEqual([WHOLE, WHOLE]);
  await until(() => isOver(waiting));
  expect(replyOf(waiting)).toMatchObject({ text: WHOLE, status: "complete", error: null });
  expect(engine.snapshot().config?.contextTokens).toBe(2048);
});

test("tabs that come back while two chats answer get each its own answer from the start", async () => {
  const { say, until, runs, isOver } = makeChats();
  const [one, two] = [say("one", "First"), say("two", "Second")];
  await until(() => one.text.text !== "" && two.text.text !== "");
  const again = [runs.find("one"), runs.find("two")].map(run => (run === null ? [] : follow(run)));
  await until(() => isOver(one) && isOver(two));
  await until(() => again.every(chunks => chunks.at(-1)?.type === "finish"));
  expect(again.map(textOf)).toEqual([WHOLE, WHOLE]);
  expect(again.map(([start]) => start)).toEqual([
    { type: "start", messageId: one.replyId },
    { type: "start", messageId: two.replyId },
  ]);
});

test("one chat has one answer at a time, also while others are answered", async () => {
  const { say, runs, until, isOver } = makeChats();
  const [one, two] = [say("one"), say("two")];
  expect(say("one")).toBe(one);
  const second = { id: "another", role: "user" as const, parts: [{ type: "text" as const, text: "And?" }] };
  expect(() => runs.start({ chatId: "one", message: second, trigger: "submit-message" })).toThrow(
    expect.objectContaining({ code: "BUSY" }) as Error,
  );
  await until(() => isOver(one) && isOver(two));
});
