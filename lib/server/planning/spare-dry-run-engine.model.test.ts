import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { shapeFile } from "@/lib/gguf/testing/model-shapes";
import { refusedShapes } from "@/lib/gguf/testing/refused-shapes";
import { greedySampling } from "@/lib/schema/settings/sampling";
import { makeRealRig } from "@/lib/server/testing/real-rig";

const folder = mkdtempSync(join(tmpdir(), "headroom-dry-runs-"));
const rig = makeRealRig({ gpu: "off" });
afterAll(async () => {
  await rig.close();
  rmSync(folder, { recursive: true, force: true });
});

/** llama.cpp fails an assertion when it builds a context for this, which ends its process. The header check would keep it from the engine. */
function writeAbortingModel(): string {
  const aborting = refusedShapes.find(({ says }) => says.includes("head_count_kv"));
  if (aborting === undefined) throw new Error("no such shape");
  const { header, fileBytes } = shapeFile(aborting.shape);
  const path = join(folder, "aborting.gguf");
  writeFileSync(path, header);
  truncateSync(path, fileBytes);
  return path;
}

test("G14 a chat in progress goes on to its end while a dry run beside it really ends its process", {
  timeout: 60_000,
}, async () => {
  await rig.host.ensureLoaded();
  const { config, generation } = rig.engine.snapshot();
  if (config === null) throw new Error("nothing is loaded");
  const sampling = { ...greedySampling, maxTokens: 120 };
  const turns = [{ role: "user" as const, content: "Tell me a long story about a ship." }];
  let text = "";
  let reason = "";
  const answering = (async () => {
    for await (const message of rig.host.generate({ turns, sampling })) {
      if (message.type === "text") text += message.text;
      if (message.type === "finished") reason = message.reason;
    }
  })();
  const running = rig.dryRuns.dryRun({ ...config, modelPath: writeAbortingModel() });
  await expect(running).rejects.toMatchObject({ code: "ENGINE_CRASHED" });
  await answering;
  expect([reason, text.length > 100]).toEqual(["length", true]);
  expect(rig.engine.snapshot()).toMatchObject({ config, generation, restarts: 0 });
});
