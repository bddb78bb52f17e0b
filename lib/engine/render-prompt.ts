import type { ChatTurn } from "@/lib/schema/engine-commands";
import { toChatHistory } from "./chat-history";
import type { LoadedModel } from "./loaded-model";

/** The prompt of these turns as text, special tokens included. Nothing is evaluated. */
export const renderPrompt = ({ model, template }: LoadedModel, turns: readonly ChatTurn[]): string =>
  model.detokenize(template.render(toChatHistory(turns)).tokenize(model.tokenizer), true);
