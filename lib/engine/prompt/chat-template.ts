import {
  type ChatHistoryItem,
  type ChatWrapper,
  type ChatWrapperGeneratedContextState,
  GeneralChatWrapper,
  JinjaTemplateChatWrapper,
  type LlamaModel,
  type Token,
  type Tokenizer,
} from "node-llama-cpp";
import { errorReason } from "@/lib/schema/error-reason";
import { checkGrowth } from "../template-sandbox/check-growth";
import { RENDER_LIMIT_MS } from "../template-sandbox/template-sandbox";
import { TimeLimitError, withTimeLimit } from "../time-limit";
import { toChatHistory } from "./chat-history";
import {
  MAX_VARIANTS,
  probeTurns,
  type TemplateOptions,
  wrapperFromTemplate,
  wrapperWithoutTemplate,
} from "./choose-wrapper";

export type RenderedPrompt = ChatWrapperGeneratedContextState["contextText"];

/** The tokens of a prompt, and the wrapper and history with which node-llama-cpp answers it. */
export interface PreparedPrompt {
  readonly tokens: Token[];
  readonly history: ChatHistoryItem[];
  readonly wrapper: ChatWrapper;
}

/**
 * Renders conversations in the format of the loaded model. A template is a program from a downloaded file, so it runs in a sandbox and
 * under a time limit. A template that fails, hangs or drops what the user said is replaced by a general one. Special tokens that a user types
 * are always treated as text.
 */
export class ChatTemplate {
  readonly #variants = new Map<string, ChatTemplate>();

  private constructor(
    private readonly model: LlamaModel,
    private current: ChatWrapper,
    private trouble: string | null,
  ) {}

  static resolve(model: LlamaModel, options: TemplateOptions = {}): ChatTemplate {
    const template = model.fileInfo.metadata.tokenizer?.chat_template;
    if (template === undefined || template.trim() === "")
      return new ChatTemplate(model, wrapperWithoutTemplate(model), "is missing");
    try {
      const wrapper = wrapperFromTemplate(model, template, options);
      const lost = withTimeLimit(RENDER_LIMIT_MS, () => lostTurn(wrapper));
      if (lost === null) return new ChatTemplate(model, wrapper, null);
      return new ChatTemplate(model, wrapperWithoutTemplate(model), `drops "${lost}"`);
    } catch (error) {
      return new ChatTemplate(model, wrapperWithoutTemplate(model), troubleOf(error));
    }
  }

  /** This template with a request's own values, like "enable_thinking". Values that it does not know have no effect. */
  with(options: TemplateOptions = {}): ChatTemplate {
    const known = this.trouble === null ? knownOptions(this.model, options) : {};
    if (Object.keys(known).length === 0) return this;
    const key = JSON.stringify(known);
    const before = this.#variants.get(key);
    if (before !== undefined) return before;
    const resolved = ChatTemplate.resolve(this.model, known);
    const variant = resolved.warning === null ? resolved : this;
    if (this.#variants.size < MAX_VARIANTS) this.#variants.set(key, variant);
    return variant;
  }

  /** Says what is wrong with the model's own template and that another one is used; null while the model's own is used. */
  get warning(): string | null {
    if (this.trouble === null) return null;
    const name = this.model.filename ?? "the model";
    return `The chat template of ${name} ${this.trouble}. A general one is used instead, so answers may be worse: try another file of this model.`;
  }

  /** Each answer renders the model's own template, not the code that node-llama-cpp has for the same template. */
  get isRendered(): boolean {
    return this.current instanceof JinjaTemplateChatWrapper;
  }

  /** The conversation as the model reads it. If the template fails now, it is not used again. */
  render(history: ChatHistoryItem[]): RenderedPrompt {
    return this.#renderState(history).contextText;
  }

  /** The tokens of a conversation, and a wrapper that answers it without rendering it again. */
  prepare(history: ChatHistoryItem[], tokenizer: Tokenizer): PreparedPrompt {
    const state = this.#renderState(history);
    const tokens = state.contextText.tokenize(tokenizer);
    return { tokens, history, wrapper: withRendering(this.current, history, state, tokens) };
  }

  /** A wrapper that answers after these tokens, and the history to give with it. */
  after(tokens: Token[]): PreparedPrompt {
    const history = toChatHistory([{ role: "user", content: "-" }]);
    return { tokens, history, wrapper: withRendering(this.current, history, this.#renderState(history), tokens) };
  }

  #renderState(history: ChatHistoryItem[]): ChatWrapperGeneratedContextState {
    try {
      return this.#withOneBos(withTimeLimit(RENDER_LIMIT_MS, () => renderWith(this.current, history)));
    } catch (error) {
      if (this.current instanceof GeneralChatWrapper) throw error;
      this.trouble = troubleOf(error);
      console.warn(this.warning);
      this.current = new GeneralChatWrapper();
      return this.#withOneBos(renderWith(this.current, history));
    }
  }

  /**
   * node-llama-cpp begins a prompt with the token for the beginning of a text. Where that is also the token that begins each turn, as
   * in ChatML, the prompt would begin with two of them, which no model has learned.
   */
  #withOneBos(state: ChatWrapperGeneratedContextState): ChatWrapperGeneratedContextState {
    const { contextText } = state;
    const { bos } = this.model.tokens;
    const tokenize = contextText.tokenize.bind(contextText);
    contextText.tokenize = (tokenizer, options) => {
      const tokens = tokenize(tokenizer, options);
      return bos !== null && tokens[0] === bos && tokens[1] === bos ? tokens.slice(1) : tokens;
    };
    return state;
  }
}

/** The variables that a template gets from the conversation itself. */
const ownVariables = new Set(["messages", "tools", "add_generation_prompt", "bos_token", "eos_token"]);

function knownOptions(model: LlamaModel, options: TemplateOptions): TemplateOptions {
  const source = model.fileInfo.metadata.tokenizer?.chat_template ?? "";
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => !ownVariables.has(name) && source.includes(name)),
  );
}

function renderWith(wrapper: ChatWrapper, history: ChatHistoryItem[]): ChatWrapperGeneratedContextState {
  const state = wrapper.generateContextState({ chatHistory: history });
  if (wrapper instanceof JinjaTemplateChatWrapper) checkGrowth(state.contextText, history);
  return state;
}

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
  if (error instanceof TimeLimitError) return "takes too long";
  const reason = errorReason(error);
  return `cannot be used (${reason.slice(0, 200)})`;
}
