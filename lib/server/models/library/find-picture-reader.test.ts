import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import { findPictureReader } from "./find-picture-reader";

const readerFile = (outputLength: number): Uint8Array =>
  writeGgufHeader({
    metadata: {
      "general.architecture": "clip",
      "clip.vision.embedding_length": 16,
      "clip.vision.projection_dim": outputLength,
    },
    tensors: [],
  });

/** A model for embeddings of 64 numbers, with these files beside it. */
async function foundBeside(files: Readonly<Record<string, Uint8Array | string>>): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), "headroom-mmproj-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const found = await findPictureReader(join(folder, "model.gguf"), 64);
  return found && basename(found.path);
}

describe("the picture reader of a model", () => {
  it.each([
    ["none where there is none", { "model.gguf": "" }, null],
    ["the one in its folder", { "model.gguf": "", "mmproj-model-f16.gguf": readerFile(64) }, "mmproj-model-f16.gguf"],
    [
      "f16 before the others",
      {
        "mmproj-BF16.gguf": readerFile(64),
        "mmproj-F32.gguf": readerFile(64),
        "mmproj-F16.gguf": readerFile(64),
        "mmproj-Q8_0.gguf": readerFile(64),
      },
      "mmproj-F16.gguf",
    ],
    [
      "the one of its width among those of others",
      { "a.gguf": "", "a-mmproj.gguf": readerFile(128), "b-mmproj.gguf": readerFile(64) },
      "b-mmproj.gguf",
    ],
    [
      "none of another width beside several models",
      { "a.gguf": "", "model.gguf": "", "mmproj.gguf": readerFile(768) },
      null,
    ],
    [
      "the only one beside the only model, as LLaVA's",
      { "model.gguf": "", "mmproj.gguf": readerFile(768) },
      "mmproj.gguf",
    ],
    ["none where the file is broken", { "model.gguf": "", "mmproj.gguf": "GGUF" }, null],
  ])("is %s", async (_what, files, name) => {
    expect(await foundBeside(files)).toBe(name);
  });

  it("is none where the folder is gone", async () => {
    expect(await findPictureReader("/no such folder/model.gguf", 64)).toBeNull();
  });
});
