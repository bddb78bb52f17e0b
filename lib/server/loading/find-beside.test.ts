import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_MODEL, defaultSettings } from "@/lib/schema/settings/settings";
import { ModelFiles } from "@/lib/server/models/library/model-files";
import { blindPictureReader } from "@/lib/server/testing/fake-engine/blind-picture-reader";
import { findBeside, NOTHING_BESIDE } from "./find-beside";

const modelsFolder = mkdtempSync(join(tmpdir(), "headroom-beside-"));
copyFileSync(join("models", DEFAULT_MODEL), join(modelsFolder, "model.gguf"));
copyFileSync(join("models", DEFAULT_MODEL), join(modelsFolder, "draft.gguf"));
const models = new ModelFiles({ modelsFolder });
afterAll(() => rmSync(modelsFolder, { recursive: true }));
const settings = { ...defaultSettings, MODEL: "model.gguf", N_CTX: 4096, PARALLEL: 1 } as const;

const withCard = async () => true;

describe("what is loaded beside a model", () => {
  it("is the draft model that the settings name, with its weights, a cache in f16 and its compute buffer", async () => {
    const { files, onCard: beside } = await findBeside({ ...settings, DRAFT_MODEL: "draft.gguf" }, models, withCard);
    expect(files).toEqual({ draftPath: join(modelsFolder, "draft.gguf") });
    expect(beside).toMatchObject([{ kind: "draft", name: "draft.gguf" }]);
    const bytes = beside[0]?.bytes ?? 0;
    // The cache: 30 blocks, 3 heads of 64, K and V, 2 bytes, 4,096 tokens.
    const kvBytes = 30 * 3 * 64 * 2 * 2 * 4096;
    const twice = await findBeside({ ...settings, DRAFT_MODEL: "draft.gguf", PARALLEL: 2 }, models, withCard);
    expect((twice.onCard[0]?.bytes ?? 0) - bytes).toBeGreaterThanOrEqual(kvBytes);
    expect(bytes).toBeGreaterThan(kvBytes + 80_000_000);
  });

  it("is in system memory where there is no card: the whole draft model, and the picture reader", async () => {
    const seen = join(modelsFolder, "seen");
    mkdirSync(seen);
    copyFileSync(join(modelsFolder, "model.gguf"), join(seen, "model.gguf"));
    writeFileSync(join(seen, "mmproj-model.gguf"), blindPictureReader(576));
    const wanted = { ...settings, MODEL: "seen/model.gguf", DRAFT_MODEL: "draft.gguf" };
    const onCard = (await findBeside(wanted, models, withCard)).onCard;
    const without = await findBeside(wanted, models, async () => false);
    expect(without.onCard).toEqual([]);
    expect(without.inRam.map(({ kind, name }) => [kind, name])).toEqual([
      ["pictures", "mmproj-model.gguf"],
      ["draft", "draft.gguf"],
    ]);
    expect(without.inRam[0]).toEqual(onCard[0]);
    // The file has 92 MB of weights, and the cache takes 94,371,840 bytes.
    expect(without.inRam[1]?.bytes).toBeGreaterThan(90_000_000 + 30 * 3 * 64 * 2 * 2 * 4096);
  });

  it("is no draft model of the same size where the smallest is taken, and none unless asked for", async () => {
    expect(await findBeside({ ...settings, DRAFT_MODEL: "auto" }, models, withCard)).toEqual(NOTHING_BESIDE);
    expect(await findBeside(settings, models, withCard)).toEqual(NOTHING_BESIDE);
  });

  it("is said to be missing by its name", async () => {
    expect(await findBeside({ ...settings, DRAFT_MODEL: "gone.gguf" }, models, withCard)).toMatchObject({
      files: {},
      problem: expect.stringContaining("gone.gguf"),
    });
  });
});
