import type { ChatCompletionRequest, ChatPrompt, CompletionRequest } from "@/lib/schema/clients/openai";
import type { ChatTurn, PromptOptions } from "@/lib/schema/engine-commands";
import type { Settings } from "@/lib/schema/settings/settings";
import type { ToolUse } from "@/lib/schema/tools";
import type { AnswerRequest, ReadingEngine } from "./answer-request";
import { openAiSampling } from "./openai-sampling";
import { turnsOf } from "./openai-turns";
import { refuseInput } from "./refuse-input";

const textOnly: ReadingEngine = {};

/** @throws RequestError for what cannot be done, by its name */
export function chatAnswerRequest(
  body: ChatCompletionRequest,
  settings: Settings,
  engine: ReadingEngine = textOnly,
): AnswerRequest {
  checkContinuation(body);
  return {
    model: body.model ?? null,
    prompts: [{ kind: "turns", turns: turnsOf(body.messages, engine), ...toolUseOf(body) }],
    choicesPerPrompt: body.n ?? 1,
    sampling: { ...openAiSampling(body, settings), ...chatLogprobs(body) },
    reportPrompt: body.verbose ?? false,
    ...templateOptionsOf(body),
  };
}

/**
 * The prompt alone, to be counted or shown.
 *
 * @throws RequestError for what cannot be done, by its name
 */
export const chatPrompt = (
  body: ChatPrompt,
  engine: ReadingEngine = textOnly,
): PromptOptions & { turns: ChatTurn[] } => ({
  turns: turnsOf(body.messages, engine),
  ...toolUseOf(body),
  ...templateOptionsOf(body),
});

/** "none" also turns a switch off where the template has one instead of degrees. */
function templateOptionsOf({ reasoning_effort: effort, chat_template_kwargs: given }: ChatPrompt) {
  const byEffort =
    effort == null ? {} : { reasoning_effort: effort, ...(effort === "none" && { enable_thinking: false }) };
  const templateOptions = { ...byEffort, ...given };
  return Object.keys(templateOptions).length > 0 ? { templateOptions } : {};
}

/** @throws RequestError for what cannot be done, by its name */
export function completionAnswerRequest(
  body: CompletionRequest,
  settings: Settings,
  echoes: readonly string[] = [],
): AnswerRequest {
  const { n, best_of: bestOf } = body;
  const suffix = body.suffix ?? "";
  if (body.echo && typeof body.logprobs === "number")
    refuseInput("echo with logprobs needs the probabilities of the prompt, which this engine does not report.");
  if (body.echo && suffix !== "") refuseInput("echo and suffix exclude each other: the answer stands between the two.");
  if (bestOf != null && bestOf !== (n ?? 1))
    refuseInput(`best_of must be ${n ?? 1}, as n is: this engine chooses none of several answers.`);
  const [first, ...more] = promptsOf(body.prompt).map((text, index) => ({
    kind: "text" as const,
    text,
    ...(suffix !== "" && { suffix }),
    ...(body.echo && { echo: typeof text === "string" ? text : (echoes[index] ?? "") }),
  }));
  if (first === undefined) return refuseInput("prompt is an empty list.");
  return {
    model: body.model ?? null,
    prompts: [first, ...more],
    choicesPerPrompt: n ?? 1,
    sampling: {
      ...openAiSampling(body, settings),
      ...(typeof body.logprobs === "number" && { topLogprobs: body.logprobs }),
    },
  };
}

/** One text or list of tokens, or several of either. */
export function promptsOf(prompt: CompletionRequest["prompt"]): (string | number[])[] {
  if (typeof prompt === "string") return [prompt];
  const tokens = prompt.filter(entry => typeof entry === "number");
  return tokens.length > 0 ? [tokens] : prompt.filter(entry => typeof entry !== "number");
}

function chatLogprobs({ logprobs, top_logprobs: top }: ChatCompletionRequest) {
  if (!logprobs && top) refuseInput("top_logprobs needs logprobs to be true.");
  return logprobs ? { topLogprobs: top ?? 0 } : {};
}

/** @throws RequestError for a choice of a tool that is not there */
function toolUseOf({ tools, tool_choice: choice, parallel_tool_calls: parallel }: ChatPrompt) {
  if (!tools?.length) {
    if (choice != null && choice !== "none" && choice !== "auto")
      refuseInput("tool_choice asks for a call, and tools is empty.");
    return {};
  }
  if (choice === "none") return {};
  const named = typeof choice === "object" && choice !== null ? choice.function.name : null;
  if (named !== null && !tools.some(tool => tool.function.name === named))
    refuseInput(`tool_choice names "${named}", and no tool has that name.`);
  const toolUse: ToolUse = {
    tools: tools.map(({ function: { name, description, parameters } }) => ({
      name,
      ...(description != null && { description }),
      ...(parameters != null && { parameters }),
    })),
    choice: named !== null ? { name: named } : choice === "required" ? "required" : "auto",
    parallel: parallel ?? true,
  };
  return { toolUse };
}

/** @throws RequestError for what is neither a new reply nor a continued one */
function checkContinuation({ messages, ...body }: ChatCompletionRequest): void {
  const continues = body.continue_final_message ?? false;
  const ofAssistant = messages.at(-1)?.role === "assistant";
  if (continues && body.add_generation_prompt)
    refuseInput("continue_final_message and add_generation_prompt exclude each other.");
  if (continues && !ofAssistant) refuseInput("continue_final_message needs a last message of the assistant's.");
  if (body.add_generation_prompt === false && !ofAssistant)
    refuseInput("add_generation_prompt must be true unless the last message is the assistant's.");
}
