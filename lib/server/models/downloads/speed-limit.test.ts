import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { KIB, MIB } from "@/lib/units/bytes";
import { SpeedLimit } from "./speed-limit";

test("a limited download waits once for many pieces", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const path = join(mkdtempSync(join(tmpdir(), "headroom-limit-")), "limit.json");
  const limit = new SpeedLimit({ path, isAnswering: () => false });
  limit.set(MIB);
  const { signal } = new AbortController();
  // 64 KiB at 1 MiB a second are 62.5 ms; the fourth piece passes 200 ms.
  const waits = Array.from({ length: 4 }, () => limit.spend(64 * KIB, signal) !== null);
  vi.useRealTimers();
  expect(waits).toEqual([false, false, false, true]);
});
