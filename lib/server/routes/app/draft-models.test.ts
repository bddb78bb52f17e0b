import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { truthOf } from "@/lib/server/testing/host-rig";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { MIB } from "@/lib/units/bytes";
import { serveHome } from "../testing/serve-home";

const SHAPE = "small-llama-2";

let folder: string;
let hub: StandInHub;
beforeAll(async () => {
  hub = await StandInHub.start();
  folder = mkdtempSync(join(tmpdir(), "headroom-drafts-"));
  mkdirSync(join(folder, "models"));
  const { header, fileBytes } = shapeFile(modelShape(SHAPE));
  // The same tokens in a file four times as large.
  for (const [name, bytes] of [
    ["large.gguf", 4 * fileBytes],
    ["small.gguf", fileBytes],
  ] as const) {
    writeFileSync(join(folder, "models", name), header);
    truncateSync(join(folder, "models", name), bytes);
  }
  writeFileSync(
    join(folder, "modelconf.json"),
    JSON.stringify({ MODEL: "large.gguf", DRAFT_MODEL: "small.gguf", N_CTX: 1024, PARALLEL: 1 }),
  );
});
afterAll(() => hub.stop());

const home = serveHome({ words: ["Hi"], truth: truthOf(SHAPE) }, () => ({
  HEADROOM_HOME: folder,
  HEADROOM_MODELS_DIR: join(folder, "models"),
  HF_ENDPOINT: hub.origin,
}));

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(`${home.url}${path}`, init);
  return { status: response.status, body: await response.json() };
}

it("are those of the library that fit the model", async () => {
  const drafts = [{ name: "small.gguf", fileBytes: expect.any(Number) }];
  expect(await ask("/api/models/drafts")).toEqual({ status: 200, body: { drafts } });
  expect((await ask("/api/models/drafts?model=small.gguf")).body).toEqual({ drafts: [] });
  expect(await ask("/api/models/drafts?model=gone.gguf")).toMatchObject({
    status: 404,
    body: { error: { code: "MODEL_NOT_FOUND" } },
  });
});

it("are told for a model of the hub too, from its header", async () => {
  const { header, fileBytes } = shapeFile(modelShape(SHAPE));
  hub.serve("/owner/repo/resolve/main/large.gguf", { start: header, fileBytes: 4 * fileBytes });
  const { body } = await ask("/api/models/drafts?model=hf:owner/repo/large.gguf");
  expect(body).toEqual({ drafts: [{ name: "small.gguf", fileBytes }] });
});

it("that are not in the library are not set", async () => {
  const patch = {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: '{"DRAFT_MODEL":"gone.gguf"}',
  };
  expect(await ask("/api/settings", patch)).toMatchObject({
    status: 404,
    body: { error: { code: "MODEL_NOT_FOUND", message: expect.stringContaining("gone.gguf") } },
  });
  expect(home.services.settings.read().DRAFT_MODEL).toBe("small.gguf");
});

it("go beside the loaded model, and are counted in what it has of system memory without a card", async () => {
  expect((await ask("/api/engine/load", { method: "POST" })).status).toBe(200);
  const { config } = home.services.host.snapshot();
  expect(config?.draft).toEqual({ modelPath: join(folder, "models", "small.gguf"), gpuLayers: 0 });
  expect(home.services.drafts.inRam[0]?.bytes).toBeGreaterThan(20 * MIB);
});
