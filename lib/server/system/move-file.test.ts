import { existsSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { moveFile, moveFileSync } from "./move-file";

const folder = mkdtempSync(join(tmpdir(), "headroom-move-"));
const failure = (code: string): Error => Object.assign(new Error(`${code}: operation not permitted, rename`), { code });

/** A system that refuses the first renames, as Windows does while a virus scanner reads the file. */
function refusing(times: number, code: string) {
  let calls = 0;
  const rename = (from: Parameters<typeof renameSync>[0], to: Parameters<typeof renameSync>[1]): void => {
    calls += 1;
    if (calls <= times) throw failure(code);
    renameSync(from, to);
  };
  return { rename, calls: () => calls };
}

interface Disk {
  readonly rename: typeof renameSync;
  readonly platform: NodeJS.Platform;
}
/** Three tries after the first. */
const waitsMs = [1, 1, 1];

const ways = [
  [
    "moveFile",
    (from, to, { rename, platform }) =>
      moveFile(from, to, { rename: async (...paths) => rename(...paths), platform, waitsMs }),
  ],
  ["moveFileSync", async (from, to, disk) => moveFileSync(from, to, { ...disk, waitsMs })],
] satisfies [string, (from: string, to: string, disk: Disk) => Promise<void>][];

describe.each(ways)("%s", (name, move) => {
  const place = (code: string) => {
    const from = join(folder, `${name}-${code}.tmp`);
    writeFileSync(from, "new");
    return { from, to: join(folder, `${name}-${code}.json`) };
  };

  it.each(["EPERM", "EACCES", "EBUSY"])(
    "waits on Windows until another program has closed the file: %s",
    async code => {
      const { from, to } = place(code);
      const disk = refusing(2, code);
      await move(from, to, { rename: disk.rename, platform: "win32" });
      expect(disk.calls()).toBe(3);
      expect(readFileSync(to, "utf8")).toBe("new");
      expect(existsSync(from)).toBe(false);
    },
  );

  it.each([
    ["win32", "ENOSPC"],
    ["win32", "ENOENT"],
    ["linux", "EPERM"],
    ["darwin", "EACCES"],
  ] as const)("passes on at once what waiting does not change: %s, %s", async (platform, code) => {
    const { from, to } = place(`${platform}-${code}`);
    const disk = refusing(1, code);
    await expect(move(from, to, { rename: disk.rename, platform })).rejects.toMatchObject({ code });
    expect(disk.calls()).toBe(1);
  });

  it("gives up on a file that stays open", async () => {
    const { from, to } = place("always");
    const disk = refusing(Number.POSITIVE_INFINITY, "EBUSY");
    await expect(move(from, to, { rename: disk.rename, platform: "win32" })).rejects.toMatchObject({ code: "EBUSY" });
    expect(disk.calls()).toBe(4);
    expect(existsSync(from)).toBe(true);
  });
});
