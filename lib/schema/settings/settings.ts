import * as z from "zod/mini";
import { flashAttentionSchema, type KvElementType, kvElementTypes, kvTypeSchema, kvTypeTable } from "../plans/kv-type";
import { chatRows, MAX_CONTEXT_TOKENS } from "./chat-settings";
import { row, wholeNumber } from "./setting-row";

/** More cards than any computer has. */
const MOST_CARDS = 16;
const autoOrNumbers = <Entry extends z.ZodMiniType<number>>(entry: Entry) =>
  z.union([z.literal("auto"), z.array(entry).check(z.minLength(1), z.maxLength(MOST_CARDS))]);
const autoOr = (min: number, max: number) => z.union([z.literal("auto"), wholeNumber(min, max)]);

/** "q8_0 needs 53 % and q4_0 28 %" */
function kvTypeShares(): string {
  const shareOf = (kvType: KvElementType) =>
    Math.round((100 * kvTypeTable[kvType].bytesPer32Elements) / kvTypeTable.f16.bytesPer32Elements);
  const [first, ...more] = kvElementTypes
    .filter(kvType => kvTypeTable[kvType].isQuantized)
    .map(kvType => [kvType, shareOf(kvType)]);
  return [`${first?.[0]} needs ${first?.[1]} %`, ...more.map(([kvType, share]) => `${kvType} ${share} %`)].join(
    " and ",
  );
}

/** Scheme, host and port as browsers send them. The hosts of an app's own scheme may be left open: VS Code makes a new one for each view. */
const originSchema = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(/^(?:[a-z][a-z0-9+.-]*:\/\/[a-z0-9.:[\]_-]+|(?!https?:|file:)[a-z][a-z0-9+.-]*:\/\/\*)$/),
    z.describe("an origin such as http://localhost:5173 or app://obsidian.md"),
  );

/** llama.cpp takes up to 256 sequences; each one costs a whole context here. */
export const parallelSchema = wholeNumber(1, 16);

export const DEFAULT_MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf";

/**
 * The one table of settings. A key is the name in modelconf.json, in the API and in the code.
 * Validation, the file, the form, the API and the reload decision all use the row, so a new setting needs only a new row.
 */
export const settingRows = {
  MODEL: row({
    schema: z.string().check(z.minLength(1), z.maxLength(1024)),
    default: DEFAULT_MODEL,
    label: "Model",
    help: "A GGUF file below the models folder, or an absolute path.",
    group: "model",
    control: "text",
    cost: "model",
    loads: "modelPath",
  }),
  MODEL_TYPE: row({
    schema: z.string().check(z.maxLength(64)),
    default: "",
    label: "Model type",
    help: "A note kept from the first version of this product. The file itself says what it is.",
    group: "model",
    control: "text",
    cost: "nothing",
  }),
  TARGET_VRAM_USAGE: row({
    schema: z.number().check(z.minimum(0), z.maximum(1)),
    default: 0.8,
    label: "Target VRAM usage",
    help: "A cap on the card's total memory in use, counting what other programs use.",
    group: "memory",
    control: "number",
    cost: "model",
    loads: "gpuLayers",
    unit: "%",
    range: { min: 0, max: 1, step: 0.01 },
  }),
  N_CTX: row({
    schema: wholeNumber(1, MAX_CONTEXT_TOKENS),
    default: 4096,
    label: "Context size",
    help: "How many tokens of the conversation the model can see at once. Costs KV cache in every layer.",
    group: "memory",
    control: "number",
    cost: "context",
    loads: "contextTokens",
    unit: "tokens",
    range: { min: 256, max: MAX_CONTEXT_TOKENS, step: 256, log: true },
  }),
  KV_CACHE_QUANT: row({
    schema: kvTypeSchema,
    default: "f16",
    label: "KV cache",
    help: `Number format of the attention cache. ${kvTypeShares()} of f16; a quantized V needs flash attention. K and V may differ: q8_0/q4_0 is K in q8_0 and V in q4_0.`,
    group: "memory",
    control: "choice",
    cost: "context",
    loads: "kvType",
    choices: kvTypeSchema.options,
  }),
  LAYERS: row({
    schema: autoOr(0, 1024),
    default: "auto",
    label: "GPU layers",
    help: "Auto places as many layers on the GPU as the target leaves room for. A number is used as it is. The output layer counts as one.",
    group: "memory",
    control: "numberOrAuto",
    cost: "model",
    loads: "gpuLayers",
    unit: "layers",
    range: { min: 0, max: 1024, step: 1 },
  }),
  EXPERTS_IN_RAM: row({
    schema: autoOr(0, 1024),
    default: "auto",
    label: "Experts in RAM",
    help: "For mixture-of-experts models: this many blocks, from the first, keep their experts in system memory. Auto takes the fastest split that fits.",
    group: "memory",
    control: "numberOrAuto",
    cost: "model",
    loads: "expertBlocksInRam",
    unit: "blocks",
    range: { min: 0, max: 1024, step: 1 },
  }),
  GPUS: row({
    schema: autoOrNumbers(wholeNumber(0, MOST_CARDS - 1)),
    default: "auto",
    label: "Cards",
    help: "The numbers of the cards to use, from 0, such as 0, 1. Auto may use all of them.",
    group: "memory",
    control: "numbersOrAuto",
    cost: "model",
    loads: "tensorSplit",
  }),
  CARD_CHOICE: row({
    schema: z.enum(["fastest", "spread"]),
    default: "fastest",
    label: "Where one card is enough",
    help: "Fastest keeps everything on the one card that is predicted to be fastest and leaves the others free. Spread shares the layers over all cards by the room that each has.",
    group: "memory",
    control: "choice",
    cost: "model",
    loads: "tensorSplit",
    choices: ["fastest", "spread"],
  }),
  TENSOR_SPLIT: row({
    schema: autoOrNumbers(z.number().check(z.minimum(0), z.maximum(1_000_000))),
    default: "auto",
    label: "Split over cards",
    help: "The share of the layers for each card, such as 3, 1. Auto gives each card what it has room for, the fastest first.",
    group: "memory",
    control: "numbersOrAuto",
    cost: "model",
    loads: "tensorSplit",
  }),
  KV_IN_RAM: row({
    schema: z.union([z.literal("auto"), z.boolean()]),
    default: "auto",
    label: "KV cache in RAM",
    help: "On keeps the attention cache in system memory, which leaves the card to the weights: faster while a chat is short, slower as it grows. Auto does so only where a full context is predicted to be faster that way.",
    group: "memory",
    control: "switchOrAuto",
    cost: "context",
    loads: "kvInRam",
  }),
  PARALLEL: row({
    schema: z.union([z.literal("auto"), parallelSchema]),
    default: "auto",
    label: "Answers at once",
    help: "How many requests are answered side by side; further ones wait. Each has a whole context of its own, so each costs the KV cache once more. Auto takes up to four, as far as no GPU layer is lost for them.",
    group: "memory",
    control: "numberOrAuto",
    cost: "context",
    loads: "sequences",
    unit: "answers",
    range: { min: 1, max: 16, step: 1 },
  }),
  KEEP_KV: row({
    schema: z.boolean(),
    default: false,
    label: "Keep chats' cache on disk",
    help: "Writes the attention cache of each chat to disk in a pause, so that a long chat goes on at once after a restart or a reload. Takes up to 4 GiB; the chat used longest ago is dropped first. Temporary chats are not written.",
    group: "memory",
    control: "switch",
    cost: "nothing",
  }),
  N_BATCH: row({
    schema: wholeNumber(1, 16_384),
    default: 512,
    label: "Batch size",
    help: "Prompt tokens computed at once. Larger reads prompts faster and needs a larger compute buffer.",
    group: "compute",
    control: "number",
    cost: "context",
    loads: "batchTokens",
    unit: "tokens",
    range: { min: 32, max: 4096, step: 32, log: true },
  }),
  FLASH_ATTENTION: row({
    schema: flashAttentionSchema,
    default: "auto",
    label: "Flash attention",
    help: "Computes attention without the large score matrix. Auto uses it wherever the backend can.",
    group: "compute",
    control: "choice",
    cost: "context",
    loads: "flashAttention",
    choices: flashAttentionSchema.options,
  }),
  THREADS: row({
    schema: autoOr(1, 1024),
    default: "auto",
    label: "CPU threads",
    help: "Threads for the layers on the CPU. Auto uses the cores that this computer offers.",
    group: "compute",
    control: "numberOrAuto",
    cost: "context",
    loads: "threads",
    unit: "threads",
    range: { min: 1, max: 64, step: 1 },
  }),
  SPECULATION: row({
    schema: z.enum(["off", "auto", "on"]),
    default: "auto",
    label: "Speculation",
    help: "Guesses words that occurred before in the prompt or the answer, and checks several in one step. The answer stays the same. Auto uses it where a measurement showed that this computer is faster with it. It is not used beside other answers or with a penalty for repeating.",
    group: "compute",
    control: "choice",
    cost: "nothing",
    choices: ["auto", "on", "off"],
  }),
  DRAFT_MODEL: row({
    schema: z.string().check(z.maxLength(1024)),
    default: "",
    label: "Draft model",
    help: "A small model of the same vocabulary that guesses tokens, which the model checks several at a time. It is on the card if there is one, and the plan counts it. Enter its name, auto for the smallest that fits, or nothing for none. Speculation must not be off.",
    group: "compute",
    control: "text",
    cost: "context",
    loads: "draft",
  }),
  USE_MMAP: row({
    schema: z.boolean(),
    default: true,
    label: "Memory-map the file",
    help: "Reads weights straight from the file instead of copying them into memory first.",
    group: "compute",
    control: "switch",
    cost: "model",
    loads: "useMmap",
  }),
  ...chatRows,
  ALLOWED_ORIGINS: row({
    schema: z.array(originSchema).check(z.maxLength(32)),
    default: [],
    label: "Allowed origins",
    help: "Pages and apps that a browser lets use the API, such as app://obsidian.md or http://localhost:5173.",
    group: "api",
    control: "list",
    cost: "nothing",
  }),
  API_MODEL_CHANGE: row({
    schema: z.enum(["never", "idle", "always"]),
    default: "idle",
    label: "Requests change the model",
    help: "Whether a request of the API that names another model of the library loads it: never, only while no answer is written, or always.",
    group: "api",
    control: "choice",
    cost: "nothing",
    choices: ["never", "idle", "always"],
  }),
  EMBEDDINGS: row({
    schema: z.enum(["beside", "instead"]),
    default: "beside",
    label: "Embedding model",
    help: "Where it goes when a program asks for embeddings: beside the chat model in system memory, or in its place. Then the chat model is unloaded for it, and comes back with the next question.",
    group: "api",
    control: "choice",
    cost: "nothing",
    choices: ["beside", "instead"],
  }),
  API_ANY_NAME: row({
    schema: z.enum(["none", "known", "all"]),
    default: "known",
    label: "Unknown model names",
    help: "Which names that are no model here are answered anyway: none, those that clients have built in (gpt-4o, claude-sonnet ...), or all.",
    group: "api",
    control: "choice",
    cost: "nothing",
    choices: ["none", "known", "all"],
  }),
} as const;

type SettingRows = typeof settingRows;
export type SettingKey = keyof SettingRows;
export const settingKeys = Object.keys(settingRows) as SettingKey[];

type SettingShape = { [Key in SettingKey]: SettingRows[Key]["schema"] };
const settingShape = Object.fromEntries(
  settingKeys.map(key => [key, settingRows[key].schema]),
) as unknown as SettingShape;

/** All settings, complete and valid. Unknown keys are refused; the settings store keeps the file's unknown keys separately. */
export const settingsSchema = z.strictObject(settingShape);
export type Settings = z.infer<typeof settingsSchema>;

/** A change: any subset of the keys. */
export const settingsPatchSchema = z.partial(settingsSchema);
export type SettingsPatch = z.infer<typeof settingsPatchSchema>;

export const defaultSettings: Settings = settingsSchema.parse(
  Object.fromEntries(settingKeys.map(key => [key, settingRows[key].default])),
);

/** The settings that decide where the parts of a model go. Each planning slider changes one of these. */
export const planSettingsSchema = z.pick(settingsSchema, {
  LAYERS: true,
  EXPERTS_IN_RAM: true,
  GPUS: true,
  CARD_CHOICE: true,
  TENSOR_SPLIT: true,
  KV_IN_RAM: true,
  TARGET_VRAM_USAGE: true,
  N_CTX: true,
  KV_CACHE_QUANT: true,
  PARALLEL: true,
  N_BATCH: true,
  FLASH_ATTENTION: true,
  USE_MMAP: true,
});
export type PlanSettings = z.infer<typeof planSettingsSchema>;
export const planKeys = Object.keys(planSettingsSchema.shape) as (keyof PlanSettings)[];

export const planSettingsOf = (settings: PlanSettings): PlanSettings =>
  Object.fromEntries(planKeys.map(key => [key, settings[key]])) as PlanSettings;
