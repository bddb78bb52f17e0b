import {
  type ChatHistoryItem,
  type ChatWrapper,
  type ChatWrapperGeneratedContextState,
  GeneralChatWrapper,
  type LlamaModel,
  type ResolveChatWrapperOptions,
  resolveChatWrapper,
  type Token,
  type Tokenizer,
} from "node-llama-cpp";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { toChatHistory } from "./chat-history";
import { TimeLimitError, withTimeLimit } from "./time-limit";

/** One rendering of a conversation. */
const RENDER_LIMIT_MS = 2000;
/** To choose a wrapper, node-llama-cpp renders the template dozens of times and compares it with the ones that it knows. */
const CHOICE_LIMIT_MS = 6000;

const probeTurns: readonly ChatTurn[] = [
  { role: "system", content: "probe-instructions" },
  { role: "user", content: "probe-question-one" },
  { role: "assistant", content: "probe-answer" },
  { role: "user", content: "probe-question-two" },
];

export type RenderedPrompt = ChatWrapperGeneratedContextState["contextText"];

/**
 * Renders conversations in the format of the loaded model. A template is a program from a downloaded file, so it runs under a time
 * limit. A template that fails, hangs or drops what the user said is replaced by a general one. Special tokens that a user types
 * are always treated as text.
 */
export class ChatTemplate {
  private constructor(
    private current: ChatWrapper,
    private trouble: string | null,
  ) {}

  static resolve(model: LlamaModel): ChatTemplate {
    const template = model.fileInfo.metadata.tokenizer?.chat_template;
    if (template === undefined || template.trim() === "")
      return new ChatTemplate(wrapperWithoutTemplate(model), "The model file has no chat template.");
    try {
      const wrapper = withTimeLimit(CHOICE_LIMIT_MS, () => wrapperFromTemplate(model));
      const lost = withTimeLimit(RENDER_LIMIT_MS, () => lostTurn(wrapper));
      if (lost === null) return new ChatTemplate(wrapper, null);
      return new ChatTemplate(wrapperWithoutTemplate(model), `The model's chat template drops "${lost}".`);
    } catch (error) {
      return new ChatTemplate(wrapperWithoutTemplate(model), troubleOf(error));
    }
  }

  /** Says what is wrong with the model's own template and that another one is used; null while the model's own is used. */
  get warning(): string | null {
    return this.trouble === null ? null : `${this.trouble} A general one is used instead; answers may be worse.`;
  }

  /** The conversation as the model reads it. If the template fails now, it is not used again. */
  render(history: ChatHistoryItem[]): RenderedPrompt {
    return this.#renderState(history).contextText;
  }

  /** The tokens of a conversation, and a wrapper that answers it without rendering it again. */
  prepare(history: ChatHistoryItem[], tokenizer: Tokenizer): { tokens: Token[]; wrapper: ChatWrapper } {
    const state = this.#renderState(history);
    const tokens = state.contextText.tokenize(tokenizer);
    return { tokens, wrapper: withRendering(this.current, history, state, tokens) };
  }

  #renderState(history: ChatHistoryItem[]): ChatWrapperGeneratedContextState {
    try {
      return withTimeLimit(RENDER_LIMIT_MS, () => renderWith(this.current, history));
    } catch (error) {
      if (this.current instanceof GeneralChatWrapper) throw error;
      this.trouble = troubleOf(error);
      this.current = new GeneralChatWrapper();
      return renderWith(this.current, history);
    }
  }
}

const renderWith = (wrapper: ChatWrapper, history: ChatHistoryItem[]): ChatWrapperGeneratedContextState =>
  wrapper.generateContextState({ chatHistory: history });

/**
 * node-llama-cpp renders and tokenizes a conversation up to three times before the first token, which takes milliseconds for a long
 * one. This wrapper gives it the rendering that was made to count the tokens. It renders any other history as usual.
 */
function withRendering(
  wrapper: ChatWrapper,
  history: readonly ChatHistoryItem[],
  state: ChatWrapperGeneratedContextState,
  tokens: readonly Token[],
): ChatWrapper {
  const rendered: ChatWrapper = Object.create(wrapper);
  state.contextText.tokenize = () => [...tokens];
  rendered.generateContextState = options => {
    const { chatHistory, availableFunctions } = options;
    const isSame =
      availableFunctions === undefined &&
      chatHistory.length === history.length &&
      chatHistory.every((item, index) => item === history[index]);
    return isSame ? { ...state } : wrapper.generateContextState(options);
  };
  return rendered;
}

/**
 * @throws for a template that does not compile or render. `llama` is not passed on purpose: with it node-llama-cpp would fall back
 * to a native renderer, which cannot be stopped.
 */
function wrapperFromTemplate(model: LlamaModel): ChatWrapper {
  const wrapper = resolveChatWrapper({
    ...namesOf(model),
    fileInfo: model.fileInfo,
    tokenizer: model.tokenizer,
    fallbackToOtherWrappersOnJinjaError: false,
  });
  return wrapper ?? new GeneralChatWrapper();
}

const wrapperWithoutTemplate = (model: LlamaModel): ChatWrapper =>
  resolveChatWrapper(namesOf(model)) ?? new GeneralChatWrapper();

const namesOf = ({ tokens, architecture, filename }: LlamaModel): ResolveChatWrapperOptions => ({
  bosString: tokens.bosString,
  architecture,
  ...(filename === undefined ? {} : { filename }),
  warningLogs: false,
});

/** The first user turn that is missing from the rendered text or out of order; null when none is. */
function lostTurn(wrapper: ChatWrapper): string | null {
  const text = renderWith(wrapper, toChatHistory(probeTurns)).contextText.toString();
  let from = 0;
  for (const { role, content } of probeTurns) {
    if (role !== "user") continue;
    const at = text.indexOf(content, from);
    if (at < 0) return content;
    from = at + content.length;
  }
  return null;
}

function troubleOf(error: unknown): string {
  if (error instanceof TimeLimitError) return "The model's chat template takes too long.";
  const reason = error instanceof Error ? error.message : String(error);
  return `The model's chat template cannot be used (${reason.slice(0, 200)}).`;
}
