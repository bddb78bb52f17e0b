import * as z from "zod/mini";
import { type ErrorCode, errorCodeSchema, modelErrors } from "./api-error";
import { engineInfoSchema } from "./engines/engine-info";
import { finishReasonSchema, generationStatsSchema, tokenLogprobSchema } from "./generation";
import { pictureSchema } from "./picture";
import { embeddingMemorySchema } from "./plans/gpu-memory";
import { bufferSplitSchema, buffersSchema, loadConfigSchema } from "./plans/load-config";
import { memorySurfaceSchema } from "./plans/memory-surface";
import { deviceBuffersSchema, placementLeverSchema } from "./plans/placement";
import { samplingValuesSchema } from "./settings/sampling";
import { toolCallSchema, toolUseSchema } from "./tools";

const id = z.string().check(z.minLength(1), z.maxLength(64));

export const chatTurnSchema = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content: z.string() }),
  /** Only other engines read pictures. */
  z.object({ role: z.literal("user"), content: z.string(), pictures: z.optional(z.array(pictureSchema)) }),
  z.object({
    role: z.literal("assistant"),
    content: z.string(),
    /** What it thought before. Templates for tools keep it until the user speaks again, and drop it then. */
    thought: z.optional(z.string()),
    toolCalls: z.optional(z.array(toolCallSchema)),
  }),
  /** The result of the call with this id. */
  z.object({ role: z.literal("tool"), content: z.string(), callId: z.string() }),
]);
export type ChatTurn = z.infer<typeof chatTurnSchema>;

/** As many as OpenAI reports at each place. */
export const MAX_TOP_LOGPROBS = 20;

export const samplingSchema = z.extend(samplingValuesSchema, {
  /** Constrains the output; at most one of the two. */
  jsonSchema: z.optional(z.unknown()),
  grammar: z.optional(z.string()),
  /** Added to the logits of these tokens, or of the tokens of these texts; null forbids them. */
  logitBias: z.optional(z.array(z.object({ token: z.union([z.int(), z.string()]), bias: z.nullable(z.number()) }))),
  /** Asks for the probability of each token, and for so many of the likeliest at its place. */
  topLogprobs: z.optional(z.int().check(z.minimum(0), z.maximum(MAX_TOP_LOGPROBS))),
});
export type Sampling = z.infer<typeof samplingSchema>;

export const vramSchema = z.object({
  totalBytes: z.int().check(z.minimum(0)),
  usedBytes: z.int().check(z.minimum(0)),
  freeBytes: z.int().check(z.minimum(0)),
  unifiedBytes: z.int().check(z.minimum(0)),
});
export type Vram = z.infer<typeof vramSchema>;

/** Progress that a command reports before its answer. */
const progressMessage = z.object({
  type: z.literal("progress"),
  id,
  phase: z.enum(["weights", "context", "surface"]),
  fraction: z.number().check(z.minimum(0), z.maximum(1)),
});
/** With `reportPrompt`: what the model reads, in its own template. */
const promptMessage = z.object({ type: z.literal("prompt"), id, prompt: z.string() });
const prefillMessage = z.object({ type: z.literal("prefill"), id, doneTokens: z.int(), totalTokens: z.int() });
/** The text so far is all of these pieces joined. Each is valid Unicode. `thought` marks a reasoning segment. */
const textMessage = z.object({
  type: z.literal("text"),
  id,
  text: z.string(),
  tokens: z.int(),
  thought: z.boolean(),
  /** With `topLogprobs`: one for each token of the text that has one. */
  logprobs: z.optional(z.array(tokenLogprobSchema)),
});
/** A piece of a call's arguments, which are the pieces of its index joined. The first piece of a call may be empty. */
const toolCallMessage = z.object({
  type: z.literal("tool-call"),
  id,
  /** The number of the call in this answer, from 0. */
  index: z.int(),
  callId: z.string(),
  name: z.string(),
  arguments: z.string(),
});
const finishedMessage = z.object({
  type: z.literal("finished"),
  id,
  reason: finishReasonSchema,
  /** The stop string of the request that ended the answer; absent if something else did. */
  stopString: z.optional(z.string()),
  stats: generationStatsSchema,
});

/** What a template writes into a prompt beside the turns. */
const promptOptions = {
  /** Values for the chat template, by its own names: "enable_thinking", "reasoning_effort". */
  templateOptions: z.optional(z.record(z.string(), z.json())),
  toolUse: z.optional(toolUseSchema),
};
const promptOptionsSchema = z.object(promptOptions);
export type PromptOptions = z.infer<typeof promptOptionsSchema>;

/** Guesses tokens and checks several in one step, where that changes nothing but the speed. */
const speculate = z.optional(z.boolean());

const answerErrors = [
  "MODEL_NOT_FOUND",
  "CONTEXT_EXCEEDED",
  "INVALID_INPUT",
  "OUT_OF_MEMORY",
] as const satisfies ErrorCode[];

/** The cards in their order, then system memory; missing if the placement addon is missing, because only it can tell. */
const devices = z.optional(z.array(deviceBuffersSchema));

/** A message that carries its command's id. */
type MessageSchema = z.ZodMiniObject<{ type: z.ZodMiniLiteral<string>; id: typeof id }>;

interface CommandContract {
  readonly params: z.ZodMiniObject;
  /** Sent any number of times before the answer. */
  readonly progress: readonly MessageSchema[];
  readonly answer: MessageSchema;
  /** In addition to CANCELLED, and ENGINE_FAILED for unexpected errors. */
  readonly errors: readonly ErrorCode[];
}

/**
 * The messages between the web server and the engine process: each command with its parameters, progress, answer and error codes.
 * Every command has an `id`, and every message that it causes repeats that id.
 */
export const engineCommands = {
  /** Fills a header-only surface with dry runs. */
  "fill-surface": {
    params: z.object({
      modelPath: z.string(),
      useMmap: z.boolean(),
      surface: memorySurfaceSchema,
      /** How long that may take; the default is as long as a page can wait. */
      budgetMs: z.optional(z.int().check(z.minimum(0), z.maximum(600_000))),
    }),
    progress: [progressMessage],
    answer: z.object({
      type: z.literal("surface"),
      id,
      surface: memorySurfaceSchema,
      dryRuns: z.int(),
      elapsedMs: z.number(),
    }),
    errors: [...modelErrors, "OUT_OF_MEMORY"],
  },
  /** One dry run of exactly this configuration. */
  "dry-run": {
    params: z.object({ config: loadConfigSchema }),
    progress: [],
    answer: z.object({ type: z.literal("dry-run"), id, buffers: buffersSchema, devices }),
    errors: [...modelErrors, "OUT_OF_MEMORY", "INVALID_INPUT", "PLACEMENT_UNAVAILABLE"],
  },
  /** Loads model and context in place of the loaded ones. If the weights can stay, it makes only a new context. */
  load: {
    params: z.object({ config: loadConfigSchema }),
    progress: [progressMessage],
    answer: z.object({
      type: z.literal("loaded"),
      id,
      config: loadConfigSchema,
      buffers: buffersSchema,
      devices,
      split: bufferSplitSchema,
      reused: z.enum(["nothing", "weights", "everything"]),
      elapsedMs: z.number(),
      vramBefore: z.nullable(vramSchema),
      vramAfter: z.nullable(vramSchema),
      flashAttentionActive: z.nullable(z.boolean()),
      templateWarning: z.nullable(z.string()),
      /** What the draft model took, or why it was left out: the model answers without it then. Absent if none was asked for. */
      draft: z.optional(
        z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("loaded"), buffers: buffersSchema }),
          z.object({ kind: z.literal("left-out"), reason: z.string() }),
        ]),
      ),
    }),
    errors: [...modelErrors, "OUT_OF_MEMORY", "INVALID_INPUT", "PLACEMENT_UNAVAILABLE"],
  },
  /**
   * Answers a conversation. The last turn is the user's, or an unfinished assistant's turn to continue. `cacheKey` (a chat id)
   * keeps its prefix on one sequence. With `toolUse` the answer may be calls, which come as messages of their own.
   */
  generate: {
    params: z.object({
      turns: z.array(chatTurnSchema).check(z.minLength(1)),
      sampling: samplingSchema,
      cacheKey: z.optional(z.string()),
      /** Keeps the cache of this chat in this folder, and reads it from there when the chat goes on after a restart. */
      keepKvIn: z.optional(z.string()),
      speculate,
      reportPrompt: z.optional(z.boolean()),
      ...promptOptions,
    }),
    progress: [promptMessage, prefillMessage, textMessage, toolCallMessage],
    answer: finishedMessage,
    errors: answerErrors,
  },
  /** Plain completion of a raw prompt (the OpenAI completions route). */
  complete: {
    params: z.object({
      /** A text, or its tokens. */
      prompt: z.union([z.string(), z.array(z.int()).check(z.minLength(1))]),
      /** With it, the answer is what belongs between the two. */
      suffix: z.optional(z.string()),
      sampling: samplingSchema,
      speculate,
    }),
    progress: [prefillMessage, textMessage],
    answer: finishedMessage,
    errors: answerErrors,
  },
  /** Counts the tokens of each of these turns, and of the whole prompt in the loaded model's template. */
  count: {
    params: z.object({ turns: z.array(chatTurnSchema), ...promptOptions }),
    progress: [],
    answer: z.object({
      type: z.literal("counted"),
      id,
      tokensPerTurn: z.array(z.int()),
      totalTokens: z.int(),
    }),
    errors: ["MODEL_NOT_FOUND", "INVALID_INPUT"],
  },
  /** The tokens of a text, also while an answer is written. A part that is a number is a token already. */
  tokenize: {
    params: z.object({
      parts: z.array(z.union([z.string(), z.int()])),
      /** Whether to add what the model wants before and after each text. */
      addSpecial: z.boolean(),
      /** Whether text such as "<|im_start|>" is that one token, and not text. */
      parseSpecial: z.boolean(),
      withPieces: z.boolean(),
    }),
    progress: [],
    answer: z.object({
      type: z.literal("tokenized"),
      id,
      tokens: z.array(z.int()),
      /** The text of each token, or its bytes where they are no whole character; null unless asked for. */
      pieces: z.nullable(z.array(z.union([z.string(), z.array(z.int())]))),
    }),
    errors: ["MODEL_NOT_FOUND", "INVALID_INPUT"],
  },
  /** The text of these tokens. */
  detokenize: {
    params: z.object({ tokens: z.array(z.int()) }),
    progress: [],
    answer: z.object({ type: z.literal("detokenized"), id, text: z.string() }),
    errors: ["MODEL_NOT_FOUND", "INVALID_INPUT"],
  },
  /** The text of the prompt that these turns make in the loaded model's template. */
  render: {
    params: z.object({ turns: z.array(chatTurnSchema).check(z.minLength(1)), ...promptOptions }),
    progress: [],
    answer: z.object({ type: z.literal("rendered"), id, prompt: z.string() }),
    errors: ["MODEL_NOT_FOUND", "INVALID_INPUT"],
  },
  /** Facts of the loaded model that clients of llama-server ask for. */
  describe: {
    params: z.object({}),
    progress: [],
    answer: z.object({
      type: z.literal("described"),
      id,
      chatTemplate: z.nullable(z.string()),
      bosText: z.nullable(z.string()),
      eosText: z.nullable(z.string()),
      /** The vocabulary has the tokens for filling in a middle. */
      canInfill: z.boolean(),
    }),
    errors: ["MODEL_NOT_FOUND"],
  },
  /** Vectors of texts or tokens, from an embedding model that this loads beside the chat model. */
  embed: {
    params: z.object({
      modelPath: z.string(),
      contextTokens: z.int().check(z.minimum(1)),
      inputs: z.array(z.union([z.string(), z.array(z.int())])).check(z.minLength(1)),
    }),
    progress: [],
    answer: z.object({
      type: z.literal("embedded"),
      id,
      /** Of unit length. */
      vectors: z.array(z.array(z.number())),
      tokensPerInput: z.array(z.int()),
      memory: embeddingMemorySchema,
    }),
    errors: [...modelErrors, "CONTEXT_EXCEEDED", "INVALID_INPUT", "OUT_OF_MEMORY"],
  },
  /** Reads the device's memory through the backend. */
  vram: {
    params: z.object({}),
    progress: [],
    answer: z.object({ type: z.literal("vram"), id, vram: z.nullable(vramSchema) }),
    errors: [],
  },
} as const satisfies Record<string, CommandContract>;

type Contracts = typeof engineCommands;
export type CommandName = keyof Contracts;
export const commandNames = Object.keys(engineCommands) as CommandName[];

/** A command without parameters accepts any object. zod's own type for that is different, so it is spelled out here. */
type ParamsOf<Schema extends z.ZodMiniObject> =
  z.output<Schema> extends Record<string, never> ? object : z.output<Schema>;
export type CommandParams<Name extends CommandName> = ParamsOf<Contracts[Name]["params"]>;
export type CommandProgress<Name extends CommandName> = z.output<Contracts[Name]["progress"][number]>;
export type CommandAnswer<Name extends CommandName> = z.output<Contracts[Name]["answer"]>;
/** A command with an answer, as it is sent. */
export type JobCommand<Name extends CommandName = CommandName> = {
  [Key in Name]: { type: Key; id: string } & CommandParams<Key>;
}[Name];

/** Ends the command with the id `target`. That command then sends its own answer or error. */
export const cancelSchema = z.object({ type: z.literal("cancel"), id, target: id });
export type EngineCommand = JobCommand | z.infer<typeof cancelSchema>;

const commandSchemas = commandNames.map(name => z.extend(engineCommands[name].params, { type: z.literal(name), id }));
/** All of the table's schemas as one. The compiler cannot derive its type from the loop, so the type is stated. */
const engineCommandSchema = z.discriminatedUnion("type", [
  cancelSchema,
  ...commandSchemas,
]) as unknown as z.ZodMiniType<EngineCommand>;

const errorMessageSchema = z.object({
  type: z.literal("error"),
  id,
  code: errorCodeSchema,
  message: z.string(),
  /** With OUT_OF_MEMORY, the missing bytes if the backend reported them. The counts below come with CONTEXT_EXCEEDED. */
  deficitBytes: z.optional(z.int()),
  promptTokens: z.optional(z.int()),
  contextTokens: z.optional(z.int()),
});

/** Messages that a child sends without a command. */
export const ownMessageSchemas = [
  /** First message of a child: the backend is up. */
  z.object({ type: z.literal("ready"), info: engineInfoSchema, vram: z.nullable(vramSchema) }),
  /** The placement addon does not do what it should, and is not used any more. */
  z.object({ type: z.literal("placement"), lever: placementLeverSchema }),
  /** Sent every second from the event loop that does the work, so it stops while the child is stuck. */
  z.object({ type: z.literal("heartbeat"), busyWith: z.nullable(id) }),
  z.object({ type: z.literal("log"), level: z.enum(["error", "warn", "info", "debug"]), text: z.string() }),
] as const;
type OwnMessage = z.infer<(typeof ownMessageSchemas)[number]>;

/** Every message that a command can cause. */
export type JobMessage =
  | {
      [Name in CommandName]: CommandProgress<Name> | CommandAnswer<Name>;
    }[CommandName]
  | z.infer<typeof errorMessageSchema>;
export type EngineMessage = OwnMessage | JobMessage;

const jobMessageSchemas = new Set<MessageSchema>(
  commandNames.flatMap(name => [...engineCommands[name].progress, engineCommands[name].answer]),
);
const engineMessageSchema = z.discriminatedUnion("type", [
  ...ownMessageSchemas,
  errorMessageSchema,
  ...jobMessageSchemas,
]) as unknown as z.ZodMiniType<EngineMessage>;

const typeOf = ({ shape }: MessageSchema): string => shape.type.def.values[0] ?? "";

/** Whether this message is the command's answer. */
export const isAnswerTo = <Name extends CommandName>(
  name: Name,
  message: EngineMessage,
): message is CommandAnswer<Name> & EngineMessage => message.type === typeOf(engineCommands[name].answer);

/**
 * Everything is sent with the generation of the child, so that late messages of a killed child are dropped. The child sends what belongs to one
 * step together.
 */
export const commandEnvelopeSchema = z.object({ generation: z.int(), command: engineCommandSchema });
export const messageEnvelopeSchema = z.object({ generation: z.int(), messages: z.array(engineMessageSchema) });

/**
 * Environment of the child, set by the supervisor before it starts:
 * HEADROOM_ENGINE_GPU = auto | cuda | vulkan | metal | off; HEADROOM_ENGINE_GENERATION; HEADROOM_ENGINE_BUILD = prebuilt | lastBuild.
 */
export const engineEnvSchema = z.object({
  HEADROOM_ENGINE_GPU: z._default(z.enum(["auto", "cuda", "vulkan", "metal", "off"]), "auto"),
  HEADROOM_ENGINE_GENERATION: z._default(z.coerce.number().check(z.int()), 0),
  HEADROOM_ENGINE_BUILD: z._default(z.enum(["prebuilt", "lastBuild"]), "prebuilt"),
});
