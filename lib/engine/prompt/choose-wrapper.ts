import {
  type ChatWrapper,
  GeneralChatWrapper,
  JinjaTemplateChatWrapper,
  type JinjaTemplateChatWrapperOptions,
  type LlamaModel,
  type ResolveChatWrapperOptions,
  resolveChatWrapper,
} from "node-llama-cpp";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { RENDER_LIMIT_MS, TemplateSandboxError, templateSandbox } from "../template-sandbox/template-sandbox";
import { TimeLimitError, withTimeLimit } from "../time-limit";
import { RememberedRenderings } from "./remembered-renderings";
import { rememberingTokenizer } from "./remembering-tokenizer";

/** To choose a wrapper, node-llama-cpp asks for up to 3,400 renderings of the template and compares them with those that it knows. */
const CHOICE_LIMIT_MS = 4000;

/** A conversation that shows whether a template drops what was said. */
export const probeTurns: readonly ChatTurn[] = [
  { role: "system", content: "probe-instructions" },
  { role: "user", content: "probe-question-one" },
  { role: "assistant", content: "probe-answer" },
  { role: "user", content: "probe-question-two" },
];

/** Each set of values is a template of its own. A client that sends a new one each time gets it without keeping it. */
export const MAX_VARIANTS = 8;

/** Values by the names that templates use: "enable_thinking", "reasoning_effort". */
export type TemplateOptions = Readonly<Record<string, unknown>>;

/** While a wrapper is chosen. */
let remembered: RememberedRenderings | null = null;

/**
 * node-llama-cpp renders templates in this process and has no option to do it elsewhere (3.22.1). From here on it asks the sandbox.
 */
function renderInSandbox(): void {
  const { _jinjaTemplate: renderer } = new JinjaTemplateChatWrapper({
    template: "{% for m in messages %}{{ m.content }}{% endfor %}",
    functionCallMessageTemplate: "noJinja",
  }) as unknown as { readonly _jinjaTemplate: { readonly _template: string } };
  Object.getPrototypeOf(renderer).render = function render(
    this: typeof renderer,
    items: Readonly<Record<string, unknown>>,
  ): string {
    return remembered?.text(this._template, items) ?? templateSandbox.render(this._template, items);
  };
}
renderInSandbox();

/**
 * A template that hangs or takes all memory would do so in each of these renderings, so one is tried first.
 *
 * @throws TimeLimitError, TemplateSandboxError
 */
function refuseEndless(template: string): void {
  const messages = probeTurns.map(({ role, content }) => ({ role, content }));
  try {
    templateSandbox.render(template, { messages, add_generation_prompt: true });
  } catch (error) {
    // Some templates refuse a system prompt, or need more: the choice tries them in other ways.
    if (error instanceof TimeLimitError || error instanceof TemplateSandboxError) throw error;
  }
}

/** A choice takes a core for a quarter of a second or longer, so it is kept for a model that is loaded again with other settings. */
const chosenBefore = new Map<string, ChatWrapper>();

/** On a busy computer the choice can take too long even for a good template. Then the template is rendered as it is. */
export function wrapperFromTemplate(model: LlamaModel, template: string, options: TemplateOptions): ChatWrapper {
  const key = JSON.stringify([namesOf(model), model.fileInfo.metadata.general, template, options]);
  const before = chosenBefore.get(key);
  if (before !== undefined) return before;
  refuseEndless(template);
  try {
    const wrapper = withTimeLimit(CHOICE_LIMIT_MS, () => chosenWrapper(model, options));
    if (chosenBefore.size === MAX_VARIANTS) chosenBefore.clear();
    // One that renders the template holds the model's tokenizer.
    if (!(wrapper instanceof JinjaTemplateChatWrapper)) chosenBefore.set(key, wrapper);
    return wrapper;
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error;
    const { tokenizer } = model;
    const { jinjaTemplate } = settingsFor(options);
    const asItIs = { ...jinjaTemplate, template, tokenizer, functionCallMessageTemplate: "noJinja" } as const;
    return withTimeLimit(RENDER_LIMIT_MS, () => new JinjaTemplateChatWrapper(asItIs));
  }
}

/**
 * @throws for a template that does not compile or render. `llama` is not passed on purpose: with it node-llama-cpp would fall back
 * to a native renderer, which cannot be stopped.
 */
function chosenWrapper(model: LlamaModel, options: TemplateOptions): ChatWrapper {
  remembered = new RememberedRenderings((source, items) => templateSandbox.render(source, items));
  try {
    const wrapper = resolveChatWrapper({
      ...namesOf(model),
      customWrapperSettings: settingsFor(options),
      fileInfo: model.fileInfo,
      tokenizer: rememberingTokenizer(model.tokenizer),
      fallbackToOtherWrappersOnJinjaError: false,
    });
    return wrapper ?? new GeneralChatWrapper();
  } finally {
    remembered = null;
  }
}

const efforts = { none: "low", minimal: "low", low: "low", medium: "medium", high: "high", xhigh: "high" } as const;
const effortOf = (value: unknown) => efforts[String(value) as keyof typeof efforts];

/** node-llama-cpp's own code for a known template has settings of its own; every other template gets the values as they are. */
function settingsFor(options: TemplateOptions): NonNullable<ResolveChatWrapperOptions["customWrapperSettings"]> {
  const { enable_thinking: thinking } = options;
  const effort = effortOf(options.reasoning_effort);
  const reasoning = typeof thinking === "boolean" ? { reasoning: thinking } : {};
  // With settings it requires a template, although it then uses the file's.
  const jinja = { ...reasoning, additionalRenderParameters: options } as unknown as JinjaTemplateChatWrapperOptions;
  return {
    ...(Object.keys(options).length > 0 && { jinjaTemplate: jinja }),
    ...(thinking === false && { qwen: { thoughts: "discourage" as const } }),
    ...(effort !== undefined && { harmony: { reasoningEffort: effort }, muse: { reasoningStrength: effort } }),
    gemma4: reasoning,
  };
}

export const wrapperWithoutTemplate = (model: LlamaModel): ChatWrapper =>
  resolveChatWrapper(namesOf(model)) ?? new GeneralChatWrapper();

const namesOf = ({ tokens, architecture, filename }: LlamaModel): ResolveChatWrapperOptions => ({
  bosString: tokens.bosString,
  architecture,
  ...(filename === undefined ? {} : { filename }),
  warningLogs: false,
});
