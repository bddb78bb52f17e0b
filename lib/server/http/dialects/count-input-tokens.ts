import type { ModelHost } from "@/lib/server/loading/model-host";
import { chatPrompt } from "./openai-request";

interface TokensToCount {
  readonly body: Parameters<typeof chatPrompt>[0];
  readonly services: { readonly host: Pick<ModelHost, "snapshot" | "count"> };
}

/** Counts a conversation's tokens in the loaded model's template, in the shape of OpenAI's endpoint. */
export async function countInputTokens({ body, services: { host } }: TokensToCount) {
  const { turns, ...options } = chatPrompt(body, host.snapshot());
  const { totalTokens } = await host.count(turns, options);
  return { object: "response.input_tokens" as const, input_tokens: totalTokens };
}
