import { type ChatWrapper, GeneralChatWrapper, type LlamaModel, resolveChatWrapper } from "node-llama-cpp";
import { toChatHistory } from "./chat-history";

export interface ResolvedWrapper {
  readonly wrapper: ChatWrapper;
  /** Why the model's own template is not used, or null. */
  readonly warning: string | null;
}

/** A user's turn that no template has a reason to change. */
const PROBE = "headroom probe 7f3a";

/**
 * The model's chat template, tried on one turn. A template that fails, or loses what the user said, is replaced by a generic
 * one and named in a warning: a chat that ignores its user is worse than one without the model's own markers (faults.md, T3).
 */
export function resolveWrapper(model: LlamaModel): ResolvedWrapper {
  const generic = (warning: string): ResolvedWrapper => ({ wrapper: new GeneralChatWrapper(), warning });
  try {
    const wrapper = resolveChatWrapper(model, { warningLogs: false });
    if (keepsTheUsersTurn(wrapper)) return { wrapper, warning: null };
    return generic("The model's chat template drops what the user writes; a generic template is used instead.");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return generic(`The model's chat template fails (${reason}); a generic template is used instead.`);
  }
}

function keepsTheUsersTurn(wrapper: ChatWrapper): boolean {
  const chatHistory = toChatHistory([{ role: "user", content: PROBE }]);
  return wrapper.generateContextState({ chatHistory }).contextText.toString().includes(PROBE);
}
