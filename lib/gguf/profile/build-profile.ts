import { GgufFormatError } from "../header/gguf-format-error";
import type { GgufHeader } from "../header/read-header";
import { type ArchitectureTraits, architectureTraits } from "./architecture-traits";
import { blockCaches } from "./block-caches";
import { loadRefusal } from "./load-refusal";
import { MetadataFields } from "./metadata-fields";
import type { BlockProfile, ModelProfile, TensorProfile } from "./model-profile";
import { type PlacedTensors, placeTensors } from "./place-tensors";
import { quantizationName } from "./quantization-name";

/** llama.cpp aborts above this (LLAMA_MAX_LAYERS). */
const MAX_BLOCKS = 512;
/** Far above any model. */
const MAX_WIDTH = 1 << 20;
/** LLAMA_MAX_EXPERTS */
const MAX_EXPERTS = 1024;
const MAX_NAME_CHARACTERS = 200;
const EXPERT_TENSOR = /\.ffn_\w+(?:_exps\.|\.\d+\.)/;

/** @throws GgufFormatError where the metadata contradicts itself or names a model that llama.cpp does not know */
export function buildProfile(header: GgufHeader): ModelProfile {
  const { metadata } = header;
  const architecture = new MetadataFields(metadata, "").string("general.architecture") ?? "";
  const fields = new MetadataFields(metadata, architecture);
  const split = splitOf(fields);
  const continued = split !== null && split.part > 1;
  const traits = traitsOf(fields, architecture, continued);
  const role = roleOf(fields, traits);

  const blocks = blockCountOf(header, fields, role, continued);
  const embeddingLength = fields.count("{arch}.embedding_length", MAX_WIDTH) ?? 0;
  // Blocks after the trunk predict further tokens; llama.cpp does not load them unless asked to (load_mtp).
  const trunkBlocks = blocks - (fields.count("{arch}.nextn_predict_layers", blocks) ?? 0);
  const caches = blockCaches(fields, architecture, traits, { blocks, trunkBlocks, embeddingLength });
  const placed = placeTensors(header.tensors, architecture, blocks);
  const experts = fields.count("{arch}.expert_count", MAX_EXPERTS) ?? 0;
  const expertsUsed = Math.max(0, ...(fields.countPerBlock("{arch}.expert_used_count", blocks) ?? []));
  checkTokenizer(fields);
  if (role === "text" && split === null) checkBlocks(placed);
  if (role === "text" && !continued && traits.recurrent !== "all") checkHeads(caches.blocks);

  return {
    ggufVersion: header.version,
    name: nameOf(fields),
    architecture,
    quantization: quantizationName(fields.count("general.file_type"), header.tensors),
    fileBytes: header.fileBytes,
    headerBytes: header.headerBytes,
    parameters: header.tensors.reduce((sum, tensor) => sum + tensor.elements, 0),
    activeParameters: activeParametersOf(header, experts, expertsUsed),
    license: fields.string("general.license")?.slice(0, MAX_NAME_CHARACTERS) ?? null,
    blocks,
    embeddingLength,
    feedForwardLength: Math.max(0, ...(fields.countPerBlock("{arch}.feed_forward_length", blocks) ?? [])),
    vocabularySize: vocabularySizeOf(header, fields),
    trainContextTokens: fields.count("{arch}.context_length") ?? 0,
    headSizeK: caches.headSizeK,
    headSizeV: caches.headSizeV,
    slidingWindowTokens: caches.slidingWindowTokens,
    windowReserveTokens: windowReserveOf(fields),
    experts,
    expertsUsed,
    mlaKvElements: caches.mlaKvElements,
    recurrent: caches.recurrent,
    kvClosedForm: traits.kvClosedForm ?? true,
    tiedEmbeddings: placed.tiedEmbeddings,
    embedding: placed.embedding,
    output: placed.output,
    shared: placed.shared,
    blocksProfile: caches.blocks.map((block, index) =>
      blockProfile(index, block, index < trunkBlocks ? (placed.blocks[index] ?? []) : [], experts),
    ),
    chatTemplate: fields.string("tokenizer.chat_template"),
    tokenizerModel: fields.string("tokenizer.ggml.model") ?? "",
    role,
    split,
    loadRefusal:
      role === "text" && !continued
        ? loadRefusal({ fields, architecture, traits, blocks: caches.blocks, headSizeK: caches.headSizeK, placed })
        : null,
  };
}

/** A token passes through `used` of the `experts` of a block, and through everything else. */
function activeParametersOf({ tensors }: GgufHeader, experts: number, used: number): number {
  const share = experts > 0 && used > 0 && used < experts ? used / experts : 1;
  const active = tensors.reduce(
    (sum, { name, elements }) => sum + elements * (EXPERT_TENSOR.test(name) ? share : 1),
    0,
  );
  return Math.round(active);
}

function traitsOf(fields: MetadataFields, architecture: string, continued: boolean): ArchitectureTraits {
  if (continued && architecture === "") return {};
  if (architecture === "") throw new GgufFormatError("CORRUPT_MODEL", "The header lacks general.architecture.", 0);
  const traits = architectureTraits.get(architecture);
  if (traits) return traits;
  if (fields.string("general.type") === "mmproj") return { role: "projector", uncached: true };
  throw new GgufFormatError(
    "UNSUPPORTED_ARCH",
    `The architecture "${architecture.slice(0, 64)}" is unknown to the bundled llama.cpp.`,
    0,
  );
}

function roleOf(fields: MetadataFields, traits: ArchitectureTraits): ModelProfile["role"] {
  const type = fields.string("general.type");
  if (type === "adapter" || fields.string("adapter.type") !== null) return "adapter";
  if (type === "mmproj") return "projector";
  if (traits.role) return traits.role;
  // A pooling type other than "none" (0) turns a text model into an embedding model, such as Qwen3-Embedding.
  return (fields.count("{arch}.pooling_type") ?? 0) > 0 ? "embedding" : "text";
}

function splitOf(fields: MetadataFields): ModelProfile["split"] {
  const parts = fields.count("split.count", 0xffff) ?? 0;
  if (parts <= 1) return null;
  return { part: fields.requiredCount("split.no", 0, parts - 1) + 1, parts };
}

/** Models must name their number of blocks. For adapters, projectors and later parts of a split it is taken from the tensors. */
function blockCountOf(
  header: GgufHeader,
  fields: MetadataFields,
  role: ModelProfile["role"],
  continued: boolean,
): number {
  if (role !== "adapter" && role !== "projector" && !continued) {
    fields.requiredCount("{arch}.context_length", 0);
    fields.requiredCount("{arch}.embedding_length", 1, MAX_WIDTH);
    return fields.requiredCount("{arch}.block_count", 1, MAX_BLOCKS);
  }
  const indexes = header.tensors.map(tensor => Number(/(?:^|\.)blk\.(\d+)\./.exec(tensor.name)?.[1] ?? -1));
  return Math.min(MAX_BLOCKS, Math.max(-1, ...indexes) + 1);
}

/** Uses only the header's own key. node-llama-cpp does not know llama.cpp's default windows, nor which windows llama.cpp ignores. */
function windowReserveOf(fields: MetadataFields): 0 | 1 {
  const namedTokens = fields.count("{arch}.attention.sliding_window") ?? 0;
  const trainTokens = fields.count("{arch}.context_length") ?? Number.POSITIVE_INFINITY;
  return namedTokens > 0 && namedTokens < trainTokens ? 1 : 0;
}

function nameOf(fields: MetadataFields): string {
  const name = fields.string("general.name") ?? fields.string("general.basename") ?? "";
  return name
    .replace(/\p{Cc}/gu, " ")
    .trim()
    .slice(0, MAX_NAME_CHARACTERS);
}

/** The length of the token list, or else the size that the header declares, or else the size of the embedding. */
function vocabularySizeOf(header: GgufHeader, fields: MetadataFields): number {
  const embedding = header.tensors.find(tensor => tensor.name === "token_embd.weight");
  return (
    fields.stringListLength("tokenizer.ggml.tokens") ??
    fields.count("{arch}.vocab_size") ??
    embedding?.dimensions[1] ??
    0
  );
}

/** llama.cpp reads scores and types by token index without checking the lengths of these lists. */
function checkTokenizer(fields: MetadataFields): void {
  const tokens = fields.stringListLength("tokenizer.ggml.tokens");
  const scores = fields.listLength("tokenizer.ggml.scores", ["f32"]);
  const types = fields.listLength("tokenizer.ggml.token_type", ["i32", "u32"]);
  for (const [key, length] of [["scores", scores] as const, ["token_type", types] as const])
    if (length !== null && length !== tokens)
      throw new GgufFormatError(
        "CORRUPT_MODEL",
        `tokenizer.ggml.${key} has ${length} entries for ${tokens ?? 0} tokens.`,
        0,
      );
}

/** llama.cpp reports missing tensors for a block that has none. */
function checkBlocks(placed: PlacedTensors): void {
  const empty = placed.blocks.findIndex(tensors => tensors.length === 0);
  if (empty !== -1) throw new GgufFormatError("CORRUPT_MODEL", `Block ${empty} has no tensors.`, 0);
}

/** Single blocks may have no attention heads, but a model with attention must have some. */
function checkHeads(blocks: readonly Pick<BlockProfile, "heads">[]): void {
  if (blocks.every(block => block.heads === 0))
    throw new GgufFormatError("CORRUPT_MODEL", "The header names no attention heads (head_count is 0 or missing).", 0);
}

function blockProfile(
  index: number,
  block: Pick<BlockProfile, "kind" | "heads" | "kvHeads" | "kv">,
  tensors: readonly TensorProfile[],
  experts: number,
): BlockProfile {
  return {
    index,
    ...block,
    weightsBytes: tensors.reduce((sum, tensor) => sum + tensor.bytes, 0),
    tensors,
    experts: tensors.some(tensor => EXPERT_TENSOR.test(tensor.name)) ? experts : 0,
  };
}
