import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { bundleEntry } from "@/lib/server/testing/bundle-entry";
import { onSmallDisk } from "@/lib/server/testing/on-small-disk";

test("P3 on a full disk chats and settings say so, are read, start again, and go on by themselves when there is room", async context => {
  const folder = mkdtempSync(join(tmpdir(), "full-disk-"));
  if (onSmallDisk({ folder, mib: 2 }, "true").status !== 0)
    context.skip("this system lets nobody mount a disk of their own");
  const program = await bundleEntry(resolve("."), "lib/server/testing/full-disk.ts");
  try {
    const { stdout, stderr } = onSmallDisk({ folder, mib: 2 }, process.execPath, program, folder);
    expect(stderr).toBe("");
    const read = { chats: "done", missing: 0, notice: null };
    expect(JSON.parse(stdout)).toEqual({
      whileFull: { asked: "DISK_FULL", changed: "DISK_FULL", contextTokens: 1024, read },
      startedWhileFull: { asked: "DISK_FULL", contextTokens: 1024, read },
      withRoom: { asked: "done", changed: "done", read },
      files: ["data", "modelconf.json", "modelconf.json.bak"],
    });
  } finally {
    rmSync(program, { force: true });
    rmSync(folder, { recursive: true });
  }
});
