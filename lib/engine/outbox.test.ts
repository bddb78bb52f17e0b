import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { EngineMessage } from "@/lib/schema/engine-commands";
import { Outbox } from "./outbox";

const text = (id: string): EngineMessage => ({ type: "text", id, text: "x", tokens: 1, thought: false });

test("sends what is added in one turn of the event loop together and in its order", async () => {
  const sent: EngineMessage[][] = [];
  const outbox = new Outbox(messages => sent.push(messages));
  outbox.add(text("c1"));
  await Promise.resolve();
  outbox.add(text("c2"));
  expect(sent).toEqual([]);
  await setImmediate();
  outbox.add(text("c3"));
  await setImmediate();
  await setImmediate();
  expect(sent).toEqual([[text("c1"), text("c2")], [text("c3")]]);
});

test("sends what waits at once before the end, and only once", async () => {
  const sent: EngineMessage[][] = [];
  const outbox = new Outbox(messages => sent.push(messages));
  outbox.add(text("c1"));
  outbox.flush();
  await setImmediate();
  expect(sent).toEqual([[text("c1")]]);
});
