import type { Llama, LlamaGrammar } from "node-llama-cpp";
import * as z from "zod";
import { schemaGrammar } from "@/lib/json-grammar/schema-grammar";
import type { Sampling } from "@/lib/schema/engine-commands";
import { errorReason } from "@/lib/schema/error-reason";
import { JobError } from "../job-error";
import { SchemaCheck } from "../schema-check";

/** What a request says about the form of its answer: nothing, a grammar or a JSON schema. */
export interface OutputForm {
  readonly grammar?: LlamaGrammar;
  /** @throws JobError for a finished answer that does not follow the schema */
  check(answer: string): void;
}

const refuse = (why: string): never => {
  throw new JobError("INVALID_INPUT", why);
};
const jsonSchemaShape = z.record(z.string(), z.json());
const anyForm: OutputForm = { check: () => {} };

/** @throws JobError INVALID_INPUT for a grammar or schema that cannot be used */
export async function outputForm(llama: Llama, { grammar, jsonSchema }: Sampling): Promise<OutputForm> {
  if (grammar !== undefined)
    return {
      ...anyForm,
      grammar: await llama
        .createGrammar({ grammar })
        .catch(error => refuse(`This grammar cannot be used: ${errorReason(error)}`)),
    };
  if (jsonSchema === undefined) return anyForm;
  const parsed = jsonSchemaShape.safeParse(jsonSchema);
  return parsed.success ? schemaForm(llama, parsed.data) : refuse("A JSON schema must be an object.");
}

async function schemaForm(llama: Llama, schema: z.infer<typeof jsonSchemaShape>): Promise<OutputForm> {
  try {
    const grammar = await llama.createGrammar({ grammar: schemaGrammar(schema) });
    const schemaCheck = SchemaCheck.of(schema);
    return {
      grammar,
      check(answer) {
        const fault = schemaCheck.faultOf(answer);
        if (fault === null) return;
        throw new JobError("ENGINE_FAILED", `The answer does not follow the JSON schema: ${fault}. Ask again.`);
      },
    };
  } catch (error) {
    return refuse(`This JSON schema cannot be used: ${errorReason(error)}`);
  }
}
