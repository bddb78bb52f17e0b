import { type ParseArgsConfig, parseArgs } from "node:util";
import * as z from "zod";
import { type PlanFormat, programFormats } from "@/lib/plan/words/export-plan";
import { kvElementTypes } from "@/lib/schema/plans/kv-type";
import { type SettingsPatch, settingRows } from "@/lib/schema/settings/settings";
import type { CardSize } from "@/lib/server/planning/assumed-card";
import { explainIssue } from "@/lib/server/system/explain-issue";
import { mibToBytes } from "@/lib/units/bytes";

/** Wrong usage of the command line, explained in one sentence. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const planFormats = Object.keys(programFormats) as [PlanFormat, ...PlanFormat[]];

export const planUsage = `npm run plan -- [options]
  --model FILE               a path, or a name in models/ (default: the one in modelconf.json);
                             an http(s) address or hf:owner/repo/file.gguf: only the header is read
  --context N                tokens of context
  ${`--kv ${kvElementTypes.join("|")}`.padEnd(26)} number format of the KV cache; K/V for different ones, such as q8_0/q4_0
  --target 0.8               share of the card's memory that may be in use
  --layers auto|N            GPU layers
  --experts-in-ram auto|N    blocks whose experts stay in system memory
  --gpus auto|0,1            the cards to use, from 0
  --tensor-split auto|3,1    the share of the layers for each card
  --card-choice fastest|spread
                             where one card holds everything: on that one, or on all of them
  --kv-in-ram                keeps the KV cache in system memory; --no-kv-in-ram keeps it on the card
  --batch N                  batch size
  --parallel auto|N          answers at once; each has a KV cache of its own
  --flash-attention auto|on|off
  --gpu-total-mib N[,N]      plan for a card, or several, with so much memory that are not here
  --gpu-used-mib N[,N]       of which so much is used by others (default 0)
  --users N                  what it takes to answer N people at once, on cards like this one
  --format PROGRAM           the plan as settings of another program:
                             ${planFormats.join(", ")}
  --simple                   the simple formula beside it
  --json                     for machines
  --help                     this text`;

const argOptions = {
  model: { type: "string" },
  context: { type: "string" },
  kv: { type: "string" },
  target: { type: "string" },
  layers: { type: "string" },
  "experts-in-ram": { type: "string" },
  gpus: { type: "string" },
  "tensor-split": { type: "string" },
  "card-choice": { type: "string" },
  "kv-in-ram": { type: "boolean" },
  "no-kv-in-ram": { type: "boolean" },
  batch: { type: "string" },
  parallel: { type: "string" },
  "flash-attention": { type: "string" },
  "gpu-total-mib": { type: "string" },
  "gpu-used-mib": { type: "string" },
  users: { type: "string" },
  format: { type: "string" },
  simple: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

/** 8 TiB: above any card. */
const MAX_CARD_MIB = 8 * 1024 * 1024;

const MAX_CARDS = 16;
const oneOrSeveral = (size: z.ZodInt) => z.union([size, z.array(size).min(1).max(MAX_CARDS)]);

const MAX_USERS = 100_000;
const valuesSchema = z.object({
  "--model": z.optional(settingRows.MODEL.schema),
  "--context": z.optional(settingRows.N_CTX.schema),
  "--kv": z.optional(settingRows.KV_CACHE_QUANT.schema),
  "--target": z.optional(settingRows.TARGET_VRAM_USAGE.schema),
  "--layers": z.optional(settingRows.LAYERS.schema),
  "--experts-in-ram": z.optional(settingRows.EXPERTS_IN_RAM.schema),
  "--gpus": z.optional(settingRows.GPUS.schema),
  "--tensor-split": z.optional(settingRows.TENSOR_SPLIT.schema),
  "--card-choice": z.optional(settingRows.CARD_CHOICE.schema),
  "--kv-in-ram": z.boolean().optional(),
  "--no-kv-in-ram": z.boolean().optional(),
  "--parallel": z.optional(settingRows.PARALLEL.schema),
  "--batch": z.optional(settingRows.N_BATCH.schema),
  "--flash-attention": z.optional(settingRows.FLASH_ATTENTION.schema),
  "--gpu-total-mib": oneOrSeveral(z.int().min(1).max(MAX_CARD_MIB)).optional(),
  "--gpu-used-mib": oneOrSeveral(z.int().min(0).max(MAX_CARD_MIB)).optional(),
  "--users": z.int().min(1).max(MAX_USERS).optional(),
  "--format": z.enum(planFormats).optional(),
});
type PlanValues = z.infer<typeof valuesSchema>;

export interface PlanOptions {
  readonly model: string | null;
  readonly patch: SettingsPatch;
  /** Cards that are not here; null for this computer's own. */
  readonly gpu: readonly [CardSize, ...CardSize[]] | null;
  readonly users: number | null;
  readonly format: PlanFormat | null;
  readonly simple: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** A plain number becomes a number. Everything else stays text, and the schema checks it. */
const toValue = (text: string): string | number => (/^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text);

/** "0,1" is a list of numbers for the options that take one. */
function optionValue(name: string, text: string | boolean) {
  if (typeof text === "boolean") return text;
  const isList =
    ((name === "gpus" || name === "tensor-split") && text !== "auto") ||
    (name.startsWith("gpu-") && text.includes(","));
  return isList ? text.split(",").map(part => toValue(part.trim())) : toValue(text);
}

/** @throws UsageError that names the option, the values it accepts and the value it got */
export function parsePlanOptions(args: readonly string[]): PlanOptions {
  const parsed = parseArguments(args);
  const { simple = false, json = false, help = false, model, ...texts } = parsed;
  const entries = Object.entries(texts).map(([name, text]) => [`--${name}`, optionValue(name, text)]);
  const values = { ...Object.fromEntries(entries), ...(model !== undefined && { "--model": model }) };
  const result = valuesSchema.safeParse(values);
  if (!result.success) throw new UsageError(explainIssue(valuesSchema, values, result.error));
  const { "--users": users = null, "--format": format = null } = result.data;
  return {
    model: model ?? null,
    patch: patchOf(result.data),
    gpu: cardsOf(result.data),
    users,
    format,
    simple,
    json,
    help,
  };
}

function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: joinNegative(args), options: argOptions, allowPositionals: false }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split(/\.?\n|\. To /, 1)[0] : String(cause);
    throw new UsageError(`${message}. --help lists the options.`, { cause });
  }
}

/** "--context -1": Node takes "-1" for an option and would not say which numbers are allowed. */
function joinNegative(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const previous = joined.at(-1);
    if (/^-\d/.test(arg) && previous?.startsWith("--") && !previous.includes("="))
      joined.splice(-1, 1, `${previous}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

function patchOf(values: PlanValues): SettingsPatch {
  const patch = {
    N_CTX: values["--context"],
    KV_CACHE_QUANT: values["--kv"],
    TARGET_VRAM_USAGE: values["--target"],
    LAYERS: values["--layers"],
    EXPERTS_IN_RAM: values["--experts-in-ram"],
    GPUS: values["--gpus"],
    TENSOR_SPLIT: values["--tensor-split"],
    CARD_CHOICE: values["--card-choice"],
    KV_IN_RAM: values["--kv-in-ram"] ?? (values["--no-kv-in-ram"] ? false : undefined),
    N_BATCH: values["--batch"],
    PARALLEL: values["--parallel"],
    FLASH_ATTENTION: values["--flash-attention"],
  };
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}

function cardsOf(values: PlanValues): PlanOptions["gpu"] {
  const listed = (value: number | readonly number[] | undefined) => (value === undefined ? [] : [value].flat());
  const totalsMib = listed(values["--gpu-total-mib"]);
  const usedMib = listed(values["--gpu-used-mib"]);
  const [firstMib, ...othersMib] = totalsMib;
  if (firstMib === undefined) {
    if (usedMib.length === 0) return null;
    throw new UsageError("--gpu-used-mib needs --gpu-total-mib as well.");
  }
  if (usedMib.length > totalsMib.length)
    throw new UsageError(`--gpu-used-mib has ${usedMib.length} cards and --gpu-total-mib ${totalsMib.length}.`);
  const sizeOf = (totalMib: number, index: number): CardSize => {
    const used = usedMib[index] ?? 0;
    if (used > totalMib)
      throw new UsageError(`--gpu-used-mib must be at most --gpu-total-mib (${totalMib}), not ${used}.`);
    return { totalBytes: mibToBytes(totalMib), usedBytes: mibToBytes(used) };
  };
  return [sizeOf(firstMib, 0), ...othersMib.map((totalMib, index) => sizeOf(totalMib, index + 1))];
}
