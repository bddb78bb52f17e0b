import type { LlamaContext, LlamaModel } from "node-llama-cpp";
import type { BufferSplit, LoadConfig } from "@/lib/schema/load-config";
import type { DeviceBuffers } from "@/lib/schema/placement";
import type { ChatTemplate } from "./chat-template";
import type { SequencePool } from "./sequence-pool";

/** A model with a context, ready to answer. */
export interface LoadedModel {
  readonly config: LoadConfig;
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly sequences: SequencePool;
  readonly template: ChatTemplate;
  readonly split: BufferSplit;
  readonly devices: readonly DeviceBuffers[] | null;
  readonly flashAttentionActive: boolean | null;
}
