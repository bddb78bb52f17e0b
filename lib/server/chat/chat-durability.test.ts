import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { FEWEST_LINES, killRounds } from "@/lib/server/testing/kills/kill-rounds";

test("P1 P7 no acknowledged message is lost by SIGKILL, and none is half there", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "durability-"));
  try {
    const result = await killRounds({ rounds: 20, folder, rootFolder: resolve("."), random: Math.random });
    expect(result.lost).toEqual([]);
    expect(result.broken).toEqual([]);
    // Every fifth round ends by time. The other 16 end only after this much was acknowledged.
    expect(result.acknowledged).toBeGreaterThanOrEqual(16 * FEWEST_LINES);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
