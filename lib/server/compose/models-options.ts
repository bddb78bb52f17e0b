import { type ParseArgsConfig, parseArgs } from "node:util";
import * as z from "zod";
import { hubSorts } from "@/lib/schema/models/remote-models";
import { type KvType, kvElementTypes } from "@/lib/schema/plans/kv-type";
import { settingRows } from "@/lib/schema/settings/settings";
import { explainIssue } from "@/lib/server/system/explain-issue";
import { UsageError } from "./plan-options";

export const modelsUsage = `npm run models -- COMMAND [options]
  list                       the library, each model with its plan and expected speed
  search WORDS               repositories of the hub with GGUF files
  fit REPO                   how each GGUF file of a repository would run here; only headers are read
  pull REPO[:QUANT]          download a model: owner/repo:Q4_K_M, hf:owner/repo/file.gguf, a page or a link;
                             without a quantization the one that suits this computer best
  rm FILE                    move a model to the trash, or take one that is used in place off the list
  import                     use the models of LM Studio, Ollama, Jan, GPT4All, the Hugging Face cache,
                             llama.cpp's cache and text-generation-webui where they are

  ${`--sort ${hubSorts.join("|")}`.padEnd(26)}
                             order of search (default: trending)
  --context N                tokens of context that fit plans for
  ${`--kv ${kvElementTypes.join("|")}`.padEnd(26)} number format of the KV cache that fit plans for
  --dry-run                  import: only show what there is
  --json                     for machines
  --help                     this text
Exit codes: 0, 2 for wrong usage, 3 where the hub or the file says no, 4 where there is no connection.`;

const argOptions = {
  sort: { type: "string" },
  context: { type: "string" },
  kv: { type: "string" },
  "dry-run": { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

const valuesSchema = z.object({
  "--sort": z.enum(hubSorts).optional(),
  "--context": z.optional(settingRows.N_CTX.schema),
  "--kv": z.optional(settingRows.KV_CACHE_QUANT.schema),
});

/** How many words each command takes after its name. */
const commands = { list: "none", search: "some", fit: "one", pull: "one", rm: "one", import: "none" } as const;
type ModelsCommand = keyof typeof commands;

/** Which of the options that only some commands have each of them takes. */
const ownOptions: Readonly<Record<string, readonly ModelsCommand[]>> = {
  sort: ["search"],
  context: ["fit", "pull"],
  kv: ["fit", "pull"],
  "dry-run": ["import"],
};

export interface ModelsOptions {
  /** null for --help */
  readonly command: ModelsCommand | null;
  /** What follows the command: words, a repository, a file. */
  readonly subject: string;
  readonly sort: (typeof hubSorts)[number];
  readonly choices: { readonly N_CTX?: number; readonly KV_CACHE_QUANT?: KvType };
  readonly isDryRun: boolean;
  readonly json: boolean;
}

/** @throws UsageError that says what is wrong and what would be right */
export function parseModelsOptions(args: readonly string[]): ModelsOptions {
  const { values, positionals } = parseArguments(args);
  const { "--sort": sort = "trending", "--context": N_CTX, "--kv": KV_CACHE_QUANT } = checkValues(values);
  const choices = { ...(N_CTX !== undefined && { N_CTX }), ...(KV_CACHE_QUANT !== undefined && { KV_CACHE_QUANT }) };
  const common = { sort, choices, isDryRun: values["dry-run"] ?? false, json: values.json ?? false };
  if (values.help) return { ...common, command: null, subject: "" };
  const [name = "", ...words] = positionals;
  const command = Object.keys(commands).find(each => each === name);
  if (!isCommand(command))
    throw new UsageError(
      `${name === "" ? "A command is missing" : `There is no command "${name}"`}: list, search, fit, pull, rm or import. --help explains them.`,
    );
  checkWords(command, words);
  for (const [option, owners] of Object.entries(ownOptions))
    if (option in values && !owners.includes(command))
      throw new UsageError(`--${option} is an option of ${owners.join(" and ")}, not of ${command}.`);
  return { ...common, command, subject: words.join(" ") };
}

const isCommand = (name: string | undefined): name is ModelsCommand => name !== undefined && name in commands;

function checkWords(command: ModelsCommand, words: readonly string[]): void {
  const takes = commands[command];
  if (takes === "none" && words.length > 0)
    throw new UsageError(`${command} takes nothing after it, not "${words.join(" ")}".`);
  if (takes === "one" && words.length !== 1)
    throw new UsageError(`${command} takes one ${command === "rm" ? "FILE" : "REPO"}, not ${words.length}.`);
  if (takes === "some" && words.length === 0) throw new UsageError(`${command} takes the words to look for.`);
}

function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: argOptions, allowPositionals: true });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split(/\.?\n|\. To /, 1)[0] : String(cause);
    throw new UsageError(`${message}. --help lists the options.`, { cause });
  }
}

function checkValues(values: ReturnType<typeof parseArguments>["values"]): z.infer<typeof valuesSchema> {
  const given = {
    "--sort": values.sort,
    "--context": values.context === undefined ? undefined : toNumber(values.context),
    "--kv": values.kv,
  };
  const result = valuesSchema.safeParse(given);
  if (!result.success) throw new UsageError(explainIssue(valuesSchema, given, result.error));
  return result.data;
}

const toNumber = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);
