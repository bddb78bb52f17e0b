import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_MODEL, defaultSettings } from "@/lib/schema/settings";
import { ModelFiles } from "@/lib/server/models/library/model-files";
import { findBeside } from "./find-beside";

const modelsFolder = mkdtempSync(join(tmpdir(), "headroom-beside-"));
copyFileSync(join("models", DEFAULT_MODEL), join(modelsFolder, "model.gguf"));
copyFileSync(join("models", DEFAULT_MODEL), join(modelsFolder, "draft.gguf"));
const models = new ModelFiles({ modelsFolder });
const settings = { ...defaultSettings, MODEL: "model.gguf", N_CTX: 4096, PARALLEL: 1 } as const;

describe("what is loaded beside a model", () => {
  it("is the draft model that the settings name, with its weights, a cache in f16 and its compute buffer", async () => {
    const { files, models: beside } = await findBeside({ ...settings, DRAFT_MODEL: "draft.gguf" }, models);
    expect(files).toEqual({ draftPath: join(modelsFolder, "draft.gguf") });
    expect(beside).toMatchObject([{ kind: "draft", name: "draft.gguf" }]);
    const bytes = beside[0]?.bytes ?? 0;
    // The cache: 30 blocks, 3 heads of 64, K and V, 2 bytes, 4,096 tokens.
    const kvBytes = 30 * 3 * 64 * 2 * 2 * 4096;
    const twice = await findBeside({ ...settings, DRAFT_MODEL: "draft.gguf", PARALLEL: 2 }, models);
    expect((twice.models[0]?.bytes ?? 0) - bytes).toBeGreaterThanOrEqual(kvBytes);
    expect(bytes).toBeGreaterThan(kvBytes + 80_000_000);
  });

  it("is no draft model of the same size where the smallest is taken, and none unless asked for", async () => {
    expect(await findBeside({ ...settings, DRAFT_MODEL: "auto" }, models)).toEqual({ files: {}, models: [] });
    expect(await findBeside(settings, models)).toEqual({ files: {}, models: [] });
  });

  it("is said to be missing by its name", async () => {
    expect(await findBeside({ ...settings, DRAFT_MODEL: "gone.gguf" }, models)).toMatchObject({
      files: {},
      problem: expect.stringContaining("gone.gguf"),
    });
  });
});
