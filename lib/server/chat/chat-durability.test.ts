import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { killRounds } from "@/lib/server/testing/kill-rounds";

test("no acknowledged message is lost by SIGKILL, and none is half there (P1, P7)", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "durability-"));
  try {
    const result = await killRounds({ rounds: 20, folder, rootFolder: resolve("."), random: Math.random });
    expect(result.lost).toEqual([]);
    expect(result.broken).toEqual([]);
    expect(result.acknowledged).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
