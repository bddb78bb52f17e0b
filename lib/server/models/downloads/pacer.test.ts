import { expect, test, vi } from "vitest";
import { KIB, MIB } from "@/lib/units/bytes";
import { Pacer } from "./pacer";

test("a limited download waits once for many pieces", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const pacer = new Pacer(() => ({ bytesPerSecond: MIB, isAnswering: false }));
  const { signal } = new AbortController();
  // 64 KiB at 1 MiB a second are 62.5 ms; the fourth piece passes 200 ms.
  const waits = Array.from({ length: 4 }, () => pacer.spend(64 * KIB, signal) !== null);
  vi.useRealTimers();
  expect(waits).toEqual([false, false, false, true]);
});
