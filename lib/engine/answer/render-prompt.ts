import type { Token } from "node-llama-cpp";
import type { ChatTurn, PromptOptions } from "@/lib/schema/engine-commands";
import type { LoadedModel } from "../model/loaded-model";
import { toChatHistory } from "../prompt/chat-history";
import { chatTokens } from "../prompt/prompt-tokens";
import { toolPlan } from "../tools/tool-plan";

/**
 * The prompt of these turns with their tools and template values, as an answer would begin with it. Nothing is evaluated.
 *
 * @throws JobError INVALID_INPUT for tools that cannot be used
 */
export async function promptTokens(
  loaded: LoadedModel,
  turns: readonly ChatTurn[],
  options: PromptOptions,
): Promise<Token[]> {
  const plan = await toolPlan(loaded, { turns, ...options, sampling: {} });
  return (
    plan?.prompt ?? chatTokens(loaded.tokenizer, loaded.template.with(options.templateOptions), toChatHistory(turns))
  );
}

/** The same as text, special tokens included. */
export const renderPrompt = async (
  loaded: LoadedModel,
  { turns, ...options }: PromptOptions & { readonly turns: readonly ChatTurn[] },
): Promise<string> => loaded.model.detokenize(await promptTokens(loaded, turns, options), true);
