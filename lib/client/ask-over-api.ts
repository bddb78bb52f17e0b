import * as z from "zod/mini";
import { readEvents } from "@/lib/schema/read-events";
import { ApiError } from "./api-request";

interface Question {
  readonly baseUrl: string;
  readonly model: string;
  readonly question: string;
  /** Empty for none. */
  readonly key: string;
  readonly signal: AbortSignal;
}

const failureSchema = z.object({ error: z.object({ message: z.string() }) });
const chunkSchema = z.object({
  choices: z.array(
    z.object({
      delta: z.object({ content: z.nullish(z.string()), reasoning_content: z.nullish(z.string()) }),
    }),
  ),
});

/**
 * Asks as another program would, over /v1, and yields the answer's text as it comes.
 *
 * @throws ApiError for a refusal, before or inside the stream; TypeError when the server cannot be reached
 */
export async function* askOverApi({ baseUrl, model, question, key, signal }: Question): AsyncGenerator<string> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    signal,
    headers: { "content-type": "application/json", ...(key !== "" && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ model, messages: [{ role: "user", content: question }], stream: true }),
  });
  if (!response.ok || response.body === null) throw refusalOf(await response.json().catch(() => null), response.status);
  for await (const data of readEvents(response.body)) {
    if (data === "[DONE]") return;
    const json: unknown = JSON.parse(data);
    const chunk = chunkSchema.safeParse(json);
    if (!chunk.success) throw refusalOf(json, response.status);
    for (const { delta } of chunk.data.choices) yield delta.content ?? delta.reasoning_content ?? "";
  }
}

function refusalOf(json: unknown, status: number): ApiError {
  const failure = failureSchema.safeParse(json);
  const message = failure.success ? failure.data.error.message : `The server answered with status ${status}.`;
  return new ApiError({ code: "INTERNAL", message }, status);
}
