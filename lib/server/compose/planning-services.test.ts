import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { forgetBuildChoice, writeBuildChoice } from "@/lib/server/llama-build/llama-build";
import { readEnvironment } from "@/lib/server/system/environment";
import { planningServices } from "./planning-services";

test("the engine starts with the build of llama.cpp that was verified here, until the prebuilt one is chosen again", async () => {
  const home = mkdtempSync(join(tmpdir(), "headroom-own-build-"));
  const entry = join(home, "engine.mjs");
  writeFileSync(entry, 'console.error("build: " + process.env.HEADROOM_ENGINE_BUILD);');
  const { dataFolder, ...environment } = readEnvironment({ HEADROOM_HOME: home, HEADROOM_ENGINE_ENTRY: entry });
  const buildOfEngine = async () => {
    const lines: string[] = [];
    const { engine } = planningServices({ dataFolder, ...environment }, { onLog: (_level, text) => lines.push(text) });
    onTestFinished(() => engine.shutdown());
    engine.start().catch(() => {});
    return vi.waitFor(() => expect(lines.join("\n")).toMatch(/build: \w+/), 10_000).then(() => lines.join("\n"));
  };
  expect(await buildOfEngine()).toContain("build: prebuilt");
  writeBuildChoice(dataFolder, "false", 1_700_000_000_000);
  expect(await buildOfEngine()).toContain("build: lastBuild");
  forgetBuildChoice(dataFolder);
  expect(await buildOfEngine()).toContain("build: prebuilt");
});
