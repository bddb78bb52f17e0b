import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeDeepened } from "@/lib/engine/testing/deepened-model";
import type { GenerationStats } from "@/lib/schema/generation";
import { greedySampling } from "@/lib/schema/settings/sampling";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { readEnvironment } from "@/lib/server/system/environment";
import { median } from "@/lib/units/median";
import type { BenchOptions } from "./bench-options";
import { printTable } from "./measure/print-table";

const ROUNDS = 5;
const MAX_TOKENS = 128;

const note = `The order came in on Monday. Twelve boxes of tea, four of coffee and one of sugar went to the house by the river. The driver had to
wait for an hour because nobody was at home, and on the way back the road was closed.`;
const turn = (question: string): string => `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
const texts = {
  "a list that goes on":
    "Monday: bread and soup\nTuesday: rice and beans\nWednesday: fish and salad\nThursday: eggs\n".repeat(4),
  "a text to repeat": turn(`Repeat this text word for word:\n\n${note}`),
  "code to change": turn(
    "Rename the function to total and return all of the code:\n\nfunction sum(values) {\n  let result = 0;\n  for (const value of values) {\n    result = result + value;\n  }\n  return result;\n}\n",
  ),
  "an explanation": turn("Explain in detail how a sailing ship can move against the wind."),
  "a story": turn("Write a story about a lighthouse keeper."),
} as const;

interface Row {
  readonly text: string;
  readonly plain: number;
  readonly guessed: number;
  readonly tokens: number;
  readonly draft: { readonly tokens: number; readonly right: number };
}

/** How much longer the model takes whose every token its draft model knows. */
const DEEPER = 4;

/**
 * The same answers with and without guessed tokens, in turns in one run. `npm run bench -- speculation model.gguf` takes another model;
 * `-- speculation draft` shows the most that a draft model can give: a model four times as deep that answers like its draft model.
 */
export async function benchSpeculation({ json, args }: BenchOptions): Promise<void> {
  if (args[0] !== "draft") return benchModel(json, args[0] ?? DEFAULT_MODEL);
  const folder = mkdtempSync(join(tmpdir(), "headroom-draft-"));
  try {
    const small = resolve(readEnvironment(process.env).modelsFolder, DEFAULT_MODEL);
    const deep = join(folder, "deep.gguf");
    writeDeepened(small, deep, DEEPER);
    await benchModel(json, deep, small);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function benchModel(json: boolean, model: string, draftPath?: string): Promise<void> {
  const environment = readEnvironment(process.env);
  const engine = new EngineSupervisor({
    entryPath: environment.enginePath,
    gpu: environment.gpu,
    env: process.env,
    onLog: () => {},
  });
  try {
    const { gpuUsable } = await engine.start();
    const gpuLayers = gpuUsable ? 1024 : 0;
    await engine.load({
      modelPath: resolve(environment.modelsFolder, model),
      gpuLayers,
      contextTokens: 2048,
      batchTokens: 512,
      sequences: 1,
      kvType: "f16",
      flashAttention: "auto",
      threads: availableParallelism(),
      useMmap: true,
      ...(draftPath !== undefined && { draft: { modelPath: draftPath, gpuLayers } }),
    });
    const rows: Row[] = [];
    for (const [text, prompt] of Object.entries(texts)) rows.push(await compare(engine, text, prompt));
    if (json) console.log(JSON.stringify(rows));
    else print(rows);
  } finally {
    await engine.shutdown();
  }
}

async function compare(engine: EngineSupervisor, text: string, prompt: string): Promise<Row> {
  const plain: GenerationStats[] = [];
  const guessed: GenerationStats[] = [];
  await answer(engine, prompt, false);
  for (let round = 0; round < ROUNDS; round += 1) {
    plain.push(await answer(engine, prompt, false));
    guessed.push(await answer(engine, prompt, true));
  }
  const speed = (answers: readonly GenerationStats[]) => median(answers.map(stats => stats.tokensPerSecond)) ?? 0;
  const last = guessed.at(-1);
  return {
    text,
    plain: speed(plain),
    guessed: speed(guessed),
    tokens: last?.generatedTokens ?? 0,
    draft: last?.draft ?? { tokens: 0, right: 0 },
  };
}

async function answer(engine: EngineSupervisor, prompt: string, speculate: boolean): Promise<GenerationStats> {
  const sampling = { ...greedySampling, maxTokens: MAX_TOKENS };
  for await (const message of engine.complete({ prompt, speculate, sampling }))
    if (message.type === "finished") return message.stats;
  throw new Error("The engine ended an answer without its figures.");
}

const print = (rows: readonly Row[]): void =>
  printTable(
    ["text", "t/s without", "t/s with", "ratio", "tokens", "guessed", "right"],
    rows.map(({ text, plain, guessed, tokens, draft }) => [
      text,
      plain.toFixed(1),
      guessed.toFixed(1),
      (guessed / plain).toFixed(2),
      String(tokens),
      String(draft.tokens),
      String(draft.right),
    ]),
  );
