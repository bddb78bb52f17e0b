import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverKillRounds } from "@/lib/server/testing/kills/server-kill-rounds";
import { expect, test } from "./fixtures";

/** One round of each kind; `npm run bench -- durability` does 500. */
const ROUNDS = 5;

test("P1 E7 SIGKILL to the server while people chat loses nothing that was acknowledged, and leaves no process and no half file", async () => {
  test.skip(process.platform === "win32", "Windows has no signals to stop and list a process with");
  const home = mkdtempSync(join(tmpdir(), "headroom-killed-"));
  try {
    const result = await serverKillRounds({ rounds: ROUNDS, home, random: Math.random });
    expect(result.lost).toEqual([]);
    expect(result.broken).toEqual([]);
    // One round ends only after a whole answer, and another only after some words of an answer.
    expect(result.answers).toBeGreaterThanOrEqual(1);
    expect(result.questions).toBeGreaterThanOrEqual(2);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
