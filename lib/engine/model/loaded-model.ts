import type { LlamaContext, LlamaModel, Tokenizer } from "node-llama-cpp";
import type { BufferSplit, LoadConfig } from "@/lib/schema/plans/load-config";
import type { DeviceBuffers } from "@/lib/schema/plans/placement";
import type { KvKeeper } from "../kept-kv/kv-keeper";
import type { ChatTemplate } from "../prompt/chat-template";
import type { PauseWork } from "../sequences/pause-work";
import type { SequencePool } from "../sequences/sequence-pool";
import type { DraftModel } from "../speculation/draft-model";
import type { ToolTemplate } from "../tools/tool-template";

/** A model with a context, ready to answer. */
export interface LoadedModel {
  readonly config: LoadConfig;
  readonly model: LlamaModel;
  /** The model's, with a memory for texts. */
  readonly tokenizer: Tokenizer;
  readonly context: LlamaContext;
  readonly sequences: SequencePool;
  readonly keptKv: KvKeeper;
  /** Computes what the next turn begins with. */
  readonly nextTurns: PauseWork;
  readonly template: ChatTemplate;
  /** The model's own template for tools; null if it has none, or in a format that is not known here. */
  readonly toolTemplate: ToolTemplate | null;
  readonly split: BufferSplit;
  readonly devices: readonly DeviceBuffers[] | null;
  readonly flashAttentionActive: boolean | null;
  /** Drafts tokens for one answer at a time; null if there is none. */
  readonly draft: DraftModel | null;
}
