import type { ChatTurn, PromptOptions, Sampling } from "@/lib/schema/engine-commands";
import type { EngineKind } from "@/lib/schema/engines/answering-engine";
import type { Picture } from "@/lib/schema/picture";
import { namedSampling } from "@/lib/schema/settings/sampling";
import type { ToolUse } from "@/lib/schema/tools";
import type { CompleteRequest, GenerateRequest } from "@/lib/server/engine/engine-supervisor";
import { OtherEngineError } from "./other-engine-error";

/** Servers that run a local model know samplers that OpenAI does not, partly by other names. OpenAI's own refuses unknown ones. */
const furtherSamplers: Readonly<Record<EngineKind, "repeat_penalty" | "repetition_penalty" | null>> = {
  "llama-server": "repeat_penalty",
  ollama: "repeat_penalty",
  "lm-studio": "repeat_penalty",
  vllm: "repetition_penalty",
  sglang: "repetition_penalty",
  other: null,
};

/** The parameters of OpenAI's own API that every server knows. */
const openAis: readonly string[] = [
  "temperature",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "seed",
  "max_tokens",
  "stop",
];
/** Values that say the same as their absence. */
const unsaid: Readonly<Record<string, unknown>> = {
  presence_penalty: 0,
  frequency_penalty: 0,
  seed: -1,
  max_tokens: 0,
};

function samplersFor(kind: EngineKind, sampling: Sampling): object {
  const penalty = furtherSamplers[kind];
  const said = Object.entries(namedSampling(sampling)).filter(
    ([name, value]) =>
      (penalty !== null || openAis.includes(name)) &&
      value !== unsaid[name] &&
      !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(
    said.map(([name, value]) => [name === "repeat_penalty" && penalty !== null ? penalty : name, value]),
  );
}

/** The parts of a request that are the same for chats and plain prompts. @throws OtherEngineError for what the server cannot do */
function bodyOf(sampling: Sampling, kind: EngineKind, model: string, who: string): object {
  const { logitBias, jsonSchema, grammar } = sampling;
  if (grammar !== undefined && kind !== "llama-server")
    throw new OtherEngineError(
      "INVALID_INPUT",
      `${who} knows no GBNF grammars.`,
      "Take the grammar out of the options.",
    );
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    ...samplersFor(kind, sampling),
    ...(logitBias !== undefined && { logit_bias: logitBiasOf(logitBias, who) }),
    ...(jsonSchema !== undefined && {
      response_format: { type: "json_schema", json_schema: { name: "answer", schema: jsonSchema } },
    }),
    ...(grammar !== undefined && { grammar }),
    // llama.cpp's server: the prompt's progress, and a prefix that is kept for the next turn.
    ...(kind === "llama-server" && { return_progress: true, cache_prompt: true }),
  };
}

/** OpenAI's form: from the numbers of tokens to their bias. @throws OtherEngineError for texts, whose tokens only the server knows */
function logitBiasOf(biases: NonNullable<Sampling["logitBias"]>, who: string): Record<string, number> {
  const text = biases.find(({ token }) => typeof token === "string");
  if (text !== undefined)
    throw new OtherEngineError(
      "INVALID_INPUT",
      `logit_bias names the text ${JSON.stringify(text.token)}, and ${who} takes only numbers of tokens.`,
    );
  return Object.fromEntries(biases.map(({ token, bias }) => [token, bias ?? FORBIDDEN]));
}

/** "Values like -100 should result in a ban": OpenAI's documentation of logit_bias. */
const FORBIDDEN = -100;

/** Servers that render the model's chat template with what a request gives them for it. */
const rendersTemplates = (kind: EngineKind): boolean => kind === "llama-server" || kind === "vllm" || kind === "sglang";

/** @throws OtherEngineError for values of the chat template where the server takes none */
function templateOptionsOf(options: GenerateRequest["templateOptions"], kind: EngineKind, who: string): object {
  if (options === undefined) return {};
  if (rendersTemplates(kind)) return { chat_template_kwargs: options };
  // Their own field has degrees, of which "none" is the switch turned off.
  const {
    enable_thinking: thinks,
    reasoning_effort: effort = thinks === false ? "none" : undefined,
    ...rest
  } = options;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new OtherEngineError("INVALID_INPUT", `${who} takes no values for the chat template, such as ${unknown}.`);
  return effort === undefined ? {} : { reasoning_effort: effort };
}

/** The parts of a request that make its prompt. @throws OtherEngineError for what the server cannot do */
export const promptOf = (
  { turns, templateOptions, toolUse }: PromptOptions & { readonly turns: readonly ChatTurn[] },
  kind: EngineKind,
  who: string,
): object => ({
  ...templateOptionsOf(templateOptions, kind, who),
  messages: turns.map(turn => messageOf(turn, kind)),
  ...(toolUse !== undefined && toolsOf(toolUse)),
});

export function chatBody(request: GenerateRequest, kind: EngineKind, model: string, who: string): object {
  const { turns, sampling } = request;
  const continues = turns.at(-1)?.role === "assistant" && (kind === "vllm" || kind === "sglang");
  return {
    ...bodyOf(sampling, kind, model, who),
    ...promptOf(request, kind, who),
    ...(sampling.topLogprobs !== undefined && { logprobs: true, top_logprobs: sampling.topLogprobs }),
    ...(continues && { continue_final_message: true, add_generation_prompt: false }),
  };
}

export const promptBody = (
  { prompt, suffix, sampling }: CompleteRequest,
  kind: EngineKind,
  model: string,
  who: string,
): object => ({ ...bodyOf(sampling, kind, model, who), prompt, ...(suffix !== undefined && { suffix }) });

function messageOf(turn: ChatTurn, kind: EngineKind): object {
  if (turn.role === "tool") return { role: "tool", tool_call_id: turn.callId, content: turn.content };
  if (turn.role === "user" && turn.pictures !== undefined)
    return {
      role: "user",
      content: [
        ...turn.pictures.map(picturePart),
        ...(turn.content === "" ? [] : [{ type: "text", text: turn.content }]),
      ],
    };
  if (turn.role !== "assistant") return { role: turn.role, content: turn.content };
  const thought = turn.thought && rendersTemplates(kind) && { reasoning_content: turn.thought };
  if (turn.toolCalls === undefined) return { role: "assistant", content: turn.content, ...thought };
  const calls = turn.toolCalls.map(({ id, name, arguments: text }) => ({
    id,
    type: "function",
    function: { name, arguments: text },
  }));
  return { role: "assistant", content: turn.content === "" ? null : turn.content, ...thought, tool_calls: calls };
}

const picturePart = ({ mediaType, data }: Picture): object => ({
  type: "image_url",
  image_url: { url: `data:${mediaType};base64,${data}` },
});

const toolsOf = ({ tools, choice, parallel }: ToolUse): object => ({
  tools: tools.map(tool => ({ type: "function", function: tool })),
  tool_choice: typeof choice === "string" ? choice : { type: "function", function: choice },
  parallel_tool_calls: parallel,
});
