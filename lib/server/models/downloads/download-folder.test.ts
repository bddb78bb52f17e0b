import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DownloadFolder, type DownloadRecord, newRecord } from "./download-folder";

let modelsFolder: string;
beforeEach(() => {
  modelsFolder = mkdtempSync(join(tmpdir(), "headroom-folder-"));
});
afterEach(() => rmSync(modelsFolder, { recursive: true }));

const withSegments = (record: DownloadRecord, count: number): DownloadRecord => ({
  ...record,
  parts: [
    {
      fileBytes: 10 ** 12,
      etag: "é",
      sha256: null,
      segments: Array.from({ length: count }, (_, index) => ({ nextBytes: index, endBytes: 10 ** 12 })),
    },
  ],
});

describe("a note of how far a download has come", () => {
  it.each([
    ["shorter than", 8, 1],
    ["longer than", 1, 8],
    // Some 45 bytes each: longer than a page of 4 KiB.
    ["much longer than", 1, 200],
    ["much shorter than", 200, 1],
  ])("that is %s the one before it is read as it was written", async (_, before, after) => {
    const folder = new DownloadFolder(modelsFolder);
    const record = newRecord("hf:owner/repo/model.gguf", "owner/repo/model.gguf", 1);
    await folder.save(withSegments(record, before));
    await folder.note(withSegments(record, after));
    expect(await folder.readAll()).toEqual([withSegments(record, after)]);
    await folder.note(withSegments(record, before));
    expect(await folder.readAll()).toEqual([withSegments(record, before)]);
  });

  it("is made again where somebody has removed it", async () => {
    const folder = new DownloadFolder(modelsFolder);
    const record = newRecord("hf:owner/repo/model.gguf", "owner/repo/model.gguf", 1);
    await folder.note(record);
    expect(await folder.readAll()).toEqual([record]);
  });

  it("is not made after the download was cancelled", async () => {
    const folder = new DownloadFolder(modelsFolder);
    const record = newRecord("hf:owner/repo/model.gguf", "owner/repo/model.gguf", 1);
    await folder.save(record);
    await Promise.all([folder.remove(record), folder.note(record)]);
    expect(readdirSync(modelsFolder)).toEqual([]);
  });
});
