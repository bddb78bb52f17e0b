import type { ChatTurn, Sampling } from "@/lib/schema/engine-commands";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { ToolUse } from "@/lib/schema/tools";
import type { GenerateRequest, GenerationMessage } from "@/lib/server/engine/engine-supervisor";

/** What answers, and so what a message may hold. */
export type ReadingEngine = Pick<EngineSnapshot, "other">;

/** What the model reads: a conversation in its own template, or a raw text. */
export type Prompt =
  | { readonly kind: "turns"; readonly turns: ChatTurn[]; readonly toolUse?: ToolUse }
  | {
      readonly kind: "text";
      /** A text, or its tokens. */
      readonly text: string | number[];
      /** With it, the answer is what belongs between the two. */
      readonly suffix?: string;
      /** Stands before the answer. */
      readonly echo?: string;
    };

/** The one request that every dialect of the API is translated to: OpenAI's two completions, its responses, and Anthropic's messages. */
export interface AnswerRequest {
  /** The model that the client named, if it named one. */
  readonly model: string | null;
  /** Usually one. Each is answered `choicesPerPrompt` times, and the choices are numbered in this order. */
  readonly prompts: readonly [Prompt, ...Prompt[]];
  readonly choicesPerPrompt: number;
  readonly sampling: Sampling;
  /** Asks for a part that says what the model reads. */
  readonly reportPrompt?: boolean;
  /** Values for the chat template, by its own names. */
  readonly templateOptions?: GenerateRequest["templateOptions"];
}

/** A message of the engine about one choice. All choices of a request make one stream of these parts. */
export type AnswerPart = GenerationMessage & { readonly choice: number };

/** Identifies the answer; the same in each of its parts. */
export interface AnswerHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  /** What makes equal answers to equal seeds: the build of llama.cpp. */
  readonly fingerprint: string;
}
