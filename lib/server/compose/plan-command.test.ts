import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { fakeEngineEntry } from "@/lib/server/testing/fake-engine/fake-engine-entry";
import { truthOf } from "@/lib/server/testing/host-rig";
import { planCommand } from "./plan-command";

const MIB = 1024 * 1024;
const home = mkdtempSync(join(tmpdir(), "headroom-plan-"));
let env: Record<string, string>;

beforeAll(() => {
  env = {
    PATH: "",
    HEADROOM_HOME: home,
    HEADROOM_MODELS_DIR: join(home, "models"),
    HEADROOM_ENGINE_ENTRY: fakeEngineEntry({ backend: "none" }),
  };
  mkdirSync(join(home, "models"));
  writeFileSync(join(home, "models", "page.gguf"), "<html></html>");
  writeFileSync(join(home, "models", "empty.gguf"), "");
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function run(...args: string[]) {
  const printed: string[] = [];
  const complained: string[] = [];
  const exitCode = await planCommand({
    args,
    env,
    out: text => printed.push(text),
    complain: text => complained.push(text),
  });
  return { exitCode, out: printed.join("\n"), complained };
}

const DEFAULT = ["--model", "models/SmolLM2-135M-Instruct.Q4_1.gguf"];
const CARD = ["--gpu-total-mib", "8192", "--gpu-used-mib", "857"];

describe("npm run plan", () => {
  it("prints the fixed JSON for a card that is not here", async () => {
    const { exitCode, out } = await run(...DEFAULT, ...CARD, "--context", "8192", "--kv", "q8_0", "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      model: { architecture: "llama", blocks: 30, fileBytes: 98_362_432 },
      gpu: {
        totalBytes: 8192 * MIB,
        usedByOthersBytes: 857 * MIB,
        freeBytes: (8192 - 857) * MIB,
        source: "assumed",
      },
      settings: { N_CTX: 8192, KV_CACHE_QUANT: "q8_0", TARGET_VRAM_USAGE: 0.8, LAYERS: "auto" },
      plan: { kind: "full", gpuLayers: 31, totalLayers: 31, contextTokens: 8192, computeSource: "estimated" },
    });
  });

  it("prints a report for people, with the simple formula on request", async () => {
    const { exitCode, out } = await run(...DEFAULT, ...CARD, "--simple");
    expect(exitCode).toBe(0);
    expect(out).toContain("Simple formula");
    expect((await run(...DEFAULT, ...CARD)).out).not.toContain("Simple formula");
  });

  it("a manual number of layers is taken as it is", async () => {
    const { out } = await run(...DEFAULT, ...CARD, "--layers", "7", "--json");
    expect(JSON.parse(out).plan).toMatchObject({ gpuLayers: 7, kind: "partial" });
  });

  it("prints the plan as settings of another program, without a placement that it cannot make", async () => {
    const { exitCode, out } = await run(...DEFAULT, ...CARD, "--layers", "7", "--format", "llama-server");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^llama-server -m \S+SmolLM2-135M-Instruct\.Q4_1\.gguf -ngl 7 -c \d+ /);
    const unknown = await run(...DEFAULT, "--format", "notepad");
    expect(unknown).toMatchObject({ exitCode: 2 });
    expect(unknown.complained[0]).toContain("--format");
  });

  it("a program that places experts by itself is planned so on a computer where our engine cannot", async () => {
    const { header, fileBytes } = shapeFile(modelShape("qwen3-30b-a3b"));
    const model = join(home, "models", "experts.gguf");
    writeFileSync(model, header);
    truncateSync(model, fileBytes);
    const vram = { totalBytes: 6000 * MIB, usedBytes: 0, freeBytes: 6000 * MIB, unifiedBytes: 0 };
    const truth = truthOf("qwen3-30b-a3b");
    const script = { backend: "vulkan", vram, truth, placement: { kind: "missing", reason: "No addon." } } as const;
    const without = { HEADROOM_HOME: join(home, "other"), HEADROOM_ENGINE_ENTRY: fakeEngineEntry(script) };
    const planned = async (...args: string[]) => {
      const printed: string[] = [];
      const input = { args: ["--model", model, ...args], env: { ...env, ...without }, complain: () => {} };
      await planCommand({ ...input, out: text => printed.push(text) });
      return printed.join("\n");
    };
    expect(await planned("--format", "llama-server")).toMatch(/ --n-cpu-moe \d+ | -ot /);
    expect(await planned("--format", "ollama")).not.toContain("moe");
    expect(JSON.parse(await planned("--json")).plan.expertBlocksInRam ?? 0).toBe(0);
  });

  it("finds the picture reader beside the model, counts it, and names it where the program takes one", async () => {
    const folder = join(home, "models", "eye");
    mkdirSync(folder);
    const model = join(folder, "model.gguf");
    copyFileSync("models/SmolLM2-135M-Instruct.Q4_1.gguf", model);
    const reader = join(folder, "mmproj-f16.gguf");
    writeFileSync(
      reader,
      writeGgufHeader({
        metadata: {
          "general.architecture": "clip",
          "clip.vision.projection_dim": 576,
          "clip.vision.embedding_length": 1024,
          "clip.vision.feed_forward_length": 4096,
          "clip.vision.image_size": 448,
          "clip.vision.patch_size": 14,
        },
        tensors: [],
      }),
    );
    // 1,024 MiB, of which 80 % are for use: less the reader's buffer, not all layers have room.
    const small = ["--model", model, "--gpu-total-mib", "1024", "--context", "4096", "--parallel", "1"];
    const layersFor = async (format: string) => {
      const { out } = await run(...small, "--format", format);
      return { out, layers: Number(/(?:-ngl|--gpulayers|num_gpu) (\d+)/.exec(out)?.[1]) };
    };
    const [server, kobold, ollama] = await Promise.all(["llama-server", "koboldcpp", "ollama"].map(layersFor));
    expect(server?.out).toContain(`--mmproj ${reader} --image-max-tokens 1024`);
    expect(kobold?.out).toContain(`--mmproj ${reader}`);
    expect(ollama?.out).not.toContain("mmproj");
    expect(server?.layers).toBeLessThan(ollama?.layers ?? 0);
  });

  it("shares layers over assumed cards of different sizes, and takes one that holds everything", async () => {
    // 80 % of a card may be in use, and a driver's start takes 460 MiB of it: 148 and 164 MiB are left. The whole model needs 257.
    const { out } = await run(
      ...DEFAULT,
      "--gpu-total-mib",
      "760,780",
      "--context",
      "2048",
      "--parallel",
      "1",
      "--json",
    );
    const { gpu, plan } = JSON.parse(out);
    expect(gpu).toMatchObject({ totalBytes: 1540 * MIB, source: "assumed" });
    expect(plan.cards).toHaveLength(2);
    for (const { predicted, budgetBytes } of plan.cards)
      expect(predicted.totalBytes - predicted.overheadBytes).toBeLessThanOrEqual(budgetBytes);
    expect(plan.cards[0].layers).toBeGreaterThan(0);
    expect(plan.cards[1].layers).toBeGreaterThan(0);
    expect(plan.cards[0].layers + plan.cards[1].layers).toBe(plan.gpuLayers);
    const [first, second] = plan.placement.cards;
    expect(first).toMatchObject({ firstBlock: 31 - plan.gpuLayers, blocks: plan.cards[0].layers, hasOutput: false });
    // The output is behind the last block.
    expect(second).toMatchObject({ firstBlock: first.firstBlock + first.blocks, hasOutput: true });
    expect(second.blocks).toBe(plan.cards[1].layers - 1);
    expect(plan.perDevice.map(({ predicted }: { predicted: unknown }) => predicted)).toEqual(
      plan.cards.map(({ predicted }: { predicted: unknown }) => predicted),
    );
    const roomy = await run(...DEFAULT, "--gpu-total-mib", "760,8192", "--gpu-used-mib", "0,857", "--json");
    expect(JSON.parse(roomy.out).plan.cards.map(({ layers }: { layers: number }) => layers)).toEqual([0, 31]);
    expect(JSON.parse(roomy.out).plan.placement.cards).toMatchObject([{ firstBlock: 0, blocks: 30, hasOutput: true }]);
  });

  it("sums up what many users need, and asks for a card to count with", async () => {
    const { out } = await run(...DEFAULT, ...CARD, "--users", "40", "--json");
    expect(JSON.parse(out).users).toMatchObject({ users: 40, cardsForTheModel: 1 });
    expect((await run(...DEFAULT, ...CARD, "--users", "40")).out).toContain("40 users at once");
    const without = await run(...DEFAULT, "--users", "40");
    expect(without).toMatchObject({ exitCode: 2 });
    expect(without.complained[0]).toContain("--gpu-total-mib");
  });

  it("without a GPU everything is on the CPU", async () => {
    const { exitCode, out } = await run(...DEFAULT, "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ gpu: null, plan: { kind: "cpu-only", gpuLayers: 0 } });
  });

  it("takes what is not said from modelconf.json", async () => {
    writeFileSync(join(home, "modelconf.json"), JSON.stringify({ N_CTX: 1234, TARGET_VRAM_USAGE: 0.5 }));
    const { out } = await run(...DEFAULT, ...CARD, "--target", "0.6", "--json");
    rmSync(join(home, "modelconf.json"));
    expect(JSON.parse(out).settings).toMatchObject({ N_CTX: 1234, TARGET_VRAM_USAGE: 0.6 });
  });

  it("--help lists every option", async () => {
    const { exitCode, out } = await run("--help");
    expect(exitCode).toBe(0);
    for (const option of ["--model", "--context", "--kv", "--target", "--layers", "--batch", "--json", "--simple"])
      expect(out).toContain(option);
  });

  it.each<[string[], string]>([
    [["--context", "-1"], "--context must be a whole number from 1 to 16777216, not -1."],
    [["--context", "4.5"], "--context must be a whole number from 1 to 16777216, not 4.5."],
    [["--context", "1e9"], '--context must be a whole number from 1 to 16777216, not "1e9".'],
    [["--context", ""], '--context must be a whole number from 1 to 16777216, not "".'],
    [
      ["--kv", "q5_1"],
      '--kv must be one of f16, q8_0, q4_0, f16/q8_0, f16/q4_0, q8_0/f16, q8_0/q4_0, q4_0/f16, q4_0/q8_0, not "q5_1".',
    ],
    [["--target", "1.5"], "--target must be a number from 0 to 1, not 1.5."],
    [["--target", "80%"], '--target must be a number from 0 to 1, not "80%".'],
    [["--layers", "-3"], '--layers must be "auto" or a whole number from 0 to 1024, not -3.'],
    [["--layers", "all"], '--layers must be "auto" or a whole number from 0 to 1024, not "all".'],
    [["--batch", "0"], "--batch must be a whole number from 1 to 16384, not 0."],
    [["--flash-attention", "yes"], '--flash-attention must be one of auto, on, off, not "yes".'],
    [
      ["--gpu-total-mib", "-8192"],
      "--gpu-total-mib must be a whole number from 1 to 8388608 or a list of 1 to 16 entries, not -8192.",
    ],
    [["--gpu-total-mib", "5", "--gpu-used-mib", "1,1"], "--gpu-used-mib has 2 cards and --gpu-total-mib 1."],
    [["--gpu-used-mib", "5"], "--gpu-used-mib needs --gpu-total-mib as well."],
    [["--gpu-total-mib", "5", "--gpu-used-mib", "6"], "--gpu-used-mib must be at most --gpu-total-mib (5), not 6."],
  ])("exit 2 for %j, naming the option and its range", async (args, message) => {
    const { exitCode, complained, out } = await run(...args);
    expect({ exitCode, complained, out }).toEqual({ exitCode: 2, complained: [message], out: "" });
  });

  it.each([["--nonsense"], ["--context"], ["file.gguf"], ["--json=1"]])("exit 2 for %j in one line", async arg => {
    const { exitCode, complained } = await run(arg);
    expect(exitCode).toBe(2);
    expect(complained).toHaveLength(1);
    expect(complained[0]).not.toContain("\n");
    expect(complained[0]).toContain("--help");
  });

  it.each([
    ["no-such.gguf", "MODEL_NOT_FOUND"],
    ["page.gguf", "NOT_GGUF"],
    ["empty.gguf", "NOT_GGUF"],
    ["/dev/zero", "NOT_A_FILE"],
  ])("exit 3 for %s with its code in one line", async (model, code) => {
    const { exitCode, complained, out } = await run("--model", model);
    expect({ exitCode, out }).toEqual({ exitCode: 3, out: "" });
    expect(complained).toHaveLength(1);
    expect(complained[0]).toMatch(new RegExp(`^${code}: [^\\n]+$`));
  });

  it("exit 2 for a model name that leads out of the models folder", async () => {
    const { exitCode, complained } = await run("--model", "../secret.gguf");
    expect(exitCode).toBe(2);
    expect(complained[0]).toMatch(/^The model name "..\/secret.gguf" must be /);
  });

  it("remembers the device, so that the next plan starts no engine", async () => {
    const memo: unknown = JSON.parse(readFileSync(join(home, "data", "device.json"), "utf8"));
    expect(memo).toMatchObject({ info: { backend: "none", gpuUsable: false } });
    const withoutEngine = { ...env, HEADROOM_ENGINE_ENTRY: join(home, "no-engine.mjs") };
    const printed: string[] = [];
    const input = { args: [...DEFAULT, "--json"], env: withoutEngine, complain: () => {} };
    expect(await planCommand({ ...input, out: text => printed.push(text) })).toBe(0);
  });
});
