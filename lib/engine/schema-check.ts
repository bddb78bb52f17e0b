import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020";
import addFormats from "ajv-formats";
import type { JsonValue } from "@/lib/json-grammar/schema-node";
import { withTimeLimit } from "./time-limit";

/** A pattern in a schema can take forever to check. */
const CHECK_LIMIT_MS = 2000;

/** Lists of items were written differently until draft 7. */
const isOldStyle = (schema: object): boolean => /"items":\[/.test(JSON.stringify(schema));

/** Checks texts against a JSON schema, with code that does not depend on the grammar's. */
export class SchemaCheck {
  private constructor(private readonly check: (value: unknown) => string | null) {}

  /** @throws for an object that is no JSON schema */
  static of(schema: Readonly<Record<string, JsonValue>>): SchemaCheck {
    // The schema's own name for its draft may be unknown to the validator.
    const { $schema: _, ...own } = schema;
    const compiled = (unicodeRegExp: boolean) => {
      const options = { strict: false, logger: false, allErrors: false, unicodeRegExp } as const;
      const ajv = addFormats(isOldStyle(own) ? new Ajv(options) : new Ajv2020(options));
      return { ajv, isValid: withTimeLimit(CHECK_LIMIT_MS, () => ajv.compile(own)) };
    };
    const { ajv, isValid } = withoutFlagIfNeeded(compiled);
    return new SchemaCheck(value =>
      isValid(value) ? null : ajv.errorsText(isValid.errors, { dataVar: "" }) || "it does not follow the schema",
    );
  }

  /** What is wrong with this text; null if nothing is. */
  faultOf(text: string): string | null {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return "it is not complete JSON";
    }
    return withTimeLimit(CHECK_LIMIT_MS, () => this.check(value));
  }
}

/** Some patterns are valid only without the Unicode flag: "\-" outside of brackets. */
function withoutFlagIfNeeded<Result>(compile: (unicodeRegExp: boolean) => Result): Result {
  try {
    return compile(true);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return compile(false);
  }
}
