import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from "vitest";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import type { PlanReport } from "@/lib/plan/words/plan-report";
import { planCommand } from "@/lib/server/compose/plan-command";
import { makeRealRig, SOFTWARE_GPU } from "@/lib/server/testing/real-rig";
import { partName, splitInThree } from "@/lib/server/testing/stand-ins/split-files";
import { StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";

const FOLDER = "/owner/repo/resolve/main";
const home = mkdtempSync(join(tmpdir(), "headroom-remote-real-"));
let hub: StandInHub;

beforeAll(async () => {
  // Every engine that is started here inherits this.
  vi.stubEnv("GGML_VK_VISIBLE_DEVICES", SOFTWARE_GPU.GGML_VK_VISIBLE_DEVICES);
  hub = await StandInHub.start();
  const { header, fileBytes } = shapeFile(modelShape("mistral-7b-v0.1"));
  hub.serve(`${FOLDER}/mistral.gguf`, { start: header, fileBytes });
  splitInThree(modelShape("mistral-7b-v0.1").gguf).forEach((file, index) => {
    hub.serve(`${FOLDER}/${partName("mistral", index + 1)}`, file);
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  rmSync(home, { recursive: true });
});

describe("a model elsewhere and the real engine", () => {
  async function plan(model: string, context: TestContext): Promise<PlanReport> {
    const printed: string[] = [];
    const exitCode = await planCommand({
      args: ["--model", model, "--context", "2048", "--json"],
      env: { HEADROOM_HOME: home, HF_ENDPOINT: hub.origin },
      out: text => printed.push(text),
      complain: text => printed.push(text),
    });
    expect(exitCode, printed.join("\n")).toBe(0);
    const report: PlanReport = JSON.parse(printed.join("\n"));
    context.skip(report.gpu === null, "no Vulkan device here");
    return report;
  }

  test("is planned by llama.cpp's own dry run, from its header alone", async context => {
    const { model, gpu, plan: planned } = await plan("hf:owner/repo/mistral.gguf", context);
    expect(model).toMatchObject({ name: "mistral-7b-v0.1", blocks: 32 });
    expect(planned).toMatchObject({ kind: "partial", computeSource: "dry-run", totalLayers: 33 });
    expect(planned.gpuLayers).toBeGreaterThan(0);
    // 2,048 tokens of 8 heads of 128, K and V, 2 bytes: 8 MiB a block; the output layer has none.
    expect(planned.predicted.kvBytes).toBe((planned.gpuLayers - 1) * 2 ** 23);
    expect(planned.predicted.totalBytes).toBeLessThanOrEqual(0.8 * (gpu?.totalBytes ?? 0));
    expect(hub.sentBytes).toBe(512 * 1024);
  });

  test("in three parts is planned as the same model in one file", async context => {
    const whole = await plan("hf:owner/repo/mistral.gguf", context);
    const split = await plan(`hf:owner/repo/${partName("mistral", 3)}`, context);
    // Without the speed: it is guessed from how fast memory was, which is measured for each plan.
    const speeds = ["speed", "decode"];
    const placed = ({ plan }: PlanReport): unknown =>
      JSON.parse(
        JSON.stringify({ ...plan, why: plan.why.split("Guessed")[0] }, (key, value) =>
          speeds.includes(key) ? undefined : value,
        ),
      );
    expect(placed(split)).toEqual(placed(whole));
  });
});

test("a split model in the models folder is loaded whole", async () => {
  const modelsFolder = join(home, "models");
  mkdirSync(modelsFolder);
  splitInThree(modelShape("small-llama-2").gguf).forEach(({ start, fileBytes }, index) => {
    const path = join(modelsFolder, partName("small", index + 1));
    writeFileSync(path, start);
    truncateSync(path, fileBytes);
  });
  // A mapped file would be counted in addition to the copy that llama.cpp repacks for the CPU.
  const settings = { MODEL: partName("small", 1), USE_MMAP: false };
  const rig = makeRealRig({ gpu: "off", modelsFolder, settings });
  try {
    await rig.host.ensureLoaded();
    await vi.waitFor(() => expect(rig.receipts.list()).toHaveLength(1));
    const { surface } = await rig.planner.planFor(rig.current.settings);
    // Two matrices of 512 x 32,000 (Q4_K: 144 bytes by 256, Q6_K: 210), and eight blocks.
    expect(surface.ramWeightsBytes[0]).toBeGreaterThan(22_656_000);
    expect(rig.receipts.list()[0]?.buffers.ramWeightsBytes).toBe(surface.ramWeightsBytes[0]);
  } finally {
    await rig.close();
  }
});
