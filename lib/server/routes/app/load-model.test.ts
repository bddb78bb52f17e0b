import { mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { GIB } from "@/lib/units/bytes";
import { serveHome } from "../testing/serve-home";

const LARGE = "large.gguf";
/** 1,000,192 cells of 32 layers with 2,048 elements of f16. */
const LARGE_CACHE_GIB = 122;
const WORDS =
  /^[\d.]+ GiB too much for system memory: 12\d\.\d\d GiB is needed and [\d.]+ GiB is available\. The computer would swap/;

let models: string;
beforeAll(() => {
  models = mkdtempSync(join(tmpdir(), "headroom-large-"));
  writeFileSync(join(models, "modelconf.json"), JSON.stringify({ MODELS: { [LARGE]: { N_CTX: 1_000_000 } } }));
  for (const name of [LARGE, DEFAULT_MODEL]) {
    const { header, fileBytes } = shapeFile(modelShape(name === LARGE ? "mistral-7b-v0.1" : "small-llama-2"));
    writeFileSync(join(models, name), header);
    truncateSync(join(models, name), fileBytes);
  }
});

const home = serveHome({ words: ["Hi"] }, () => ({ HEADROOM_HOME: models, HEADROOM_MODELS_DIR: models }));

async function ask(path: string, method: string, body?: object) {
  const response = await fetch(`${home.url}${path}`, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

describe.skipIf(totalmem() > LARGE_CACHE_GIB * GIB)("a load that system memory does not hold", () => {
  it("is refused in the same words wherever it is asked for, and the model that answers stays", async () => {
    expect((await ask("/api/engine/load", "POST")).status).toBe(200);
    const byName = await ask("/v1/chat/completions", "POST", {
      model: LARGE,
      messages: [{ role: "user", content: "Hello?" }],
    });
    expect([byName.status, byName.body.error.code]).toEqual([507, "OUT_OF_MEMORY"]);
    expect(byName.body.error.message).toMatch(WORDS);
    expect(byName.body.error.message).toMatch(/ What would fit: [\d,]+ tokens of context/);
    expect((await ask("/api/settings", "GET")).body.settings.MODEL).toBe(DEFAULT_MODEL);
    expect(home.services.host.snapshot()).toMatchObject({ modelName: DEFAULT_MODEL, error: null });

    const chosen = await ask("/api/settings", "PATCH", { MODEL: LARGE });
    expect([chosen.status, chosen.body.error.message]).toEqual([507, expect.stringMatching(WORDS)]);
    expect(home.services.host.snapshot().modelName).toBe(DEFAULT_MODEL);
    // Nothing is loaded by this, so it is saved.
    await ask("/api/engine/unload", "POST");
    expect((await ask("/api/settings", "PATCH", { MODEL: LARGE })).body).toMatchObject({ problem: null });
    const loaded = await ask("/api/engine/load", "POST");
    expect(loaded.status).toBe(507);
    expect(loaded.body.error).toMatchObject({ code: "OUT_OF_MEMORY", message: expect.stringMatching(WORDS) });
    expect(loaded.body.error.next).toMatch(/^What would fit: /);
  });

  it("is made where it is meant, and then stays meant", async () => {
    expect((await ask("/api/engine/load?meant=true", "POST")).status).toBe(200);
    expect(home.services.host.snapshot()).toMatchObject({ modelName: LARGE, config: { contextTokens: 1_000_000 } });
    await ask("/api/engine/unload", "POST");
    expect((await ask("/api/engine/load", "POST")).status).toBe(200);
  });
});
