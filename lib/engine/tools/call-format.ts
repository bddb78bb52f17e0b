/** How a model writes the calls of its answer. */
export interface CallFormat {
  /** Written before the first call. */
  readonly opening: string;
  /** Written around and between the parts of a call. */
  readonly beforeName: string;
  readonly beforeArguments: string;
  readonly afterArguments: string;
  /** Written between two calls; null if the model makes one call at a time. */
  readonly separator: string | null;
  /** Written after the last call. */
  readonly closing: string;
  /** What tells in free text that calls begin: a text, a special token, or the first words of a call. */
  readonly trigger: { readonly kind: "text" | "special"; readonly text: string } | { readonly kind: "call" };
}

/** What Hermes and Qwen write. Also what a model without a format of its own is told to write. */
export const hermesFormat: CallFormat = {
  opening: "<tool_call>\n",
  beforeName: '{"name": "',
  beforeArguments: '", "arguments": ',
  afterArguments: "}",
  separator: "\n</tool_call>\n<tool_call>\n",
  closing: "\n</tool_call>",
  trigger: { kind: "text", text: "<tool_call>" },
};

/** Llama 3 answers with the call alone. */
const llamaFormat: CallFormat = {
  opening: "",
  beforeName: '{"name": "',
  beforeArguments: '", "parameters": ',
  afterArguments: "}",
  separator: null,
  closing: "",
  trigger: { kind: "call" },
};

const mistralFormat: CallFormat = {
  opening: "[TOOL_CALLS][",
  beforeName: '{"name": "',
  beforeArguments: '", "arguments": ',
  afterArguments: "}",
  separator: ", ",
  closing: "]",
  trigger: { kind: "special", text: "[TOOL_CALLS]" },
};

/** The longer openings first: each format contains the ones that follow. */
const formats = [hermesFormat, mistralFormat, llamaFormat];

const withoutSpace = (text: string): string => text.replace(/\s/g, "");

/** The beginning of one call, up to its arguments. */
export const callStart = (format: CallFormat, name: string): string =>
  `${format.beforeName}${name}${format.beforeArguments}`;

/**
 * The format of a template, found by what it makes of a call.
 *
 * @param rendering a conversation in which the tool `name` is called, as the template writes it
 * @param argumentsText the call's arguments as JSON
 * @returns null for a format that is not known here
 */
export function formatOf(rendering: string, name: string, argumentsText: string): CallFormat | null {
  const text = withoutSpace(rendering);
  const isIn = (format: CallFormat): boolean =>
    text.includes(withoutSpace(`${format.opening}${callStart(format, name)}${argumentsText}`));
  return formats.find(isIn) ?? null;
}
