import * as z from "zod";
import { explainIssue } from "@/lib/server/system/explain-issue";
import { RequestError } from "@/lib/server/system/request-error";

/** @throws RequestError INVALID_INPUT */
export function parseInput<Schema extends z.core.$ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw new RequestError("INVALID_INPUT", explainIssue(schema, value, result.error));
}
