import { GrammarRules, literal } from "@/lib/json-grammar/grammar-rules";
import { JsonSchemaError } from "@/lib/json-grammar/json-schema-error";
import { addSchema } from "@/lib/json-grammar/schema-grammar";
import type { JsonValue } from "@/lib/json-grammar/schema-node";
import { type CallFormat, callStart } from "./call-format";

export interface CallableTool {
  readonly name: string;
  readonly parameters: { readonly [key: string]: JsonValue };
}

/** Calls of one answer. Without a limit, a small model repeats itself until the context is full. */
const MOST_CALLS = 16;

/**
 * The grammar of calls after the format's opening: one call or several of these tools, each with arguments that follow its schema.
 *
 * @throws JsonSchemaError for a schema that no grammar can express; its path begins with the tool's name
 */
export function callGrammar(format: CallFormat, tools: readonly CallableTool[], isParallel: boolean): string {
  const rules = new GrammarRules();
  const calls = tools.map((tool, index) => callRule(rules, format, tool, index));
  const call = rules.add("call", calls.join(" | "));
  const more =
    isParallel && format.separator !== null ? ` (${literal(format.separator)} ${call}){0,${MOST_CALLS - 1}}` : "";
  const closing = format.closing === "" ? "" : ` ${literal(format.closing)}`;
  rules.add("root", `${call}${more}${closing}`);
  return rules.toString();
}

function callRule(rules: GrammarRules, format: CallFormat, { name, parameters }: CallableTool, index: number): string {
  try {
    const value = addSchema(rules, parameters, `tool-${index}`, exactnessFor(parameters));
    return rules.add(`call-${index}`, `${literal(callStart(format, name))} ${value} ${literal(format.afterArguments)}`);
  } catch (error) {
    if (!(error instanceof JsonSchemaError)) throw error;
    throw new JsonSchemaError(`The parameters of the tool "${name}", ${error.path}`, error.reason);
  }
}

/**
 * One keyword of one tool among a hundred must not make an agent's request fail: a keyword that no grammar can express is checked in the
 * finished call.
 */
function exactnessFor(parameters: JsonValue): "exact" | "loose" {
  try {
    addSchema(new GrammarRules(), parameters, "probe");
    return "exact";
  } catch (error) {
    if (!(error instanceof JsonSchemaError)) throw error;
    return "loose";
  }
}

/** The grammar of an answer that follows a schema or begins calls with one of these words. */
export function schemaOrCallGrammar(schema: JsonValue, triggers: readonly string[]): string {
  const rules = new GrammarRules();
  const answer = addSchema(rules, schema, "answer");
  rules.add("root", [answer, ...triggers.map(literal)].join(" | "));
  return rules.toString();
}
