import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { bundleEntry } from "@/lib/server/testing/bundle-entry";
import { onSmallDisk } from "@/lib/server/testing/on-small-disk";

test("P3 P4 a download to a full, a read-only or another disk says so, keeps what it has, and goes on when it can", async context => {
  const home = mkdtempSync(join(tmpdir(), "download-disks-"));
  const modelsFolder = join(home, "models");
  mkdirSync(modelsFolder);
  if (onSmallDisk({ folder: modelsFolder, mib: 2 }, "true").status !== 0)
    context.skip("this system lets nobody mount a disk of their own");
  const program = await bundleEntry(resolve("."), "lib/server/testing/stand-ins/download-disks.ts");
  try {
    // 16.5 MiB and the reserve of 64 MiB fit when it begins.
    const { stdout, stderr } = onSmallDisk(
      { folder: modelsFolder, mib: 100 },
      process.execPath,
      program,
      modelsFolder,
      home,
    );
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      full: {
        inTheMiddle:
          "DISK_FULL: The disk became full while owner/repo/model.gguf was fetched. Free some space, then resume: what was fetched is kept.",
        keptState: "failed",
        hasKept: true,
        withRoom: "done",
        isAllAnew: false,
        isWhole: true,
        left: ["owner"],
      },
      readOnly: {
        refused: `STORE_UNAVAILABLE: The models folder ${modelsFolder} cannot be written to. Allow writing there or set HEADROOM_MODELS_DIR to another folder, then try again.`,
        allowed: "done",
        isWhole: true,
        left: ["owner"],
      },
      linked: {
        refused: `STORE_UNAVAILABLE: owner/repo/model.gguf cannot be moved to its place: that folder is a link to another disk than the models folder ${modelsFolder}. Remove the link, or set HEADROOM_MODELS_DIR to a folder on that disk, then try again.`,
        withoutLink: "done",
        isFetchedAgain: false,
        isWhole: true,
        left: ["owner"],
      },
    });
  } finally {
    rmSync(program, { force: true });
    rmSync(home, { recursive: true });
  }
});
