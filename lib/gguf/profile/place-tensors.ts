import { type ExpertMatrix, expertMatrices } from "@/lib/schema/plans/load-config";
import { GgufFormatError } from "../header/gguf-format-error";
import type { ModelProfile, TensorProfile } from "./model-profile";

/** Where each tensor of a file is allocated. */
export interface PlacedTensors extends Pick<ModelProfile, "embedding" | "output" | "shared" | "tiedEmbeddings"> {
  readonly blocks: readonly (readonly TensorProfile[])[];
}

const blockTensor = /^(?:enc\.|dec\.)?blk\.(\d+)\./;
const inputTensor = /^(?:token_embd|position_embd|token_types|per_layer_token_embd|hrm\.z_l_init)\./;
const sharedTensor = /^rope_(?:freqs|factors_long|factors_short)\./;
/** llama.cpp computes these in the first block, so they are allocated with it. */
const firstBlockTensor = /^(?:token_embd_norm|per_layer_model_proj|per_layer_proj_norm)\./;
/** A regular expression for the experts' tensors; shared experts ("shexp") are dense. @see llama.cpp common/common.h LLM_FFN_EXPS_REGEX */
export const expertPattern = (matrices: readonly ExpertMatrix[] = expertMatrices): string =>
  `\\.ffn_(${matrices.join("|")})_(?:ch)?exps\\.`;

/** The same with what else a block has of these matrices: shared experts, the router, and dense ones beside the experts. */
export const wholeMatrixPattern = (matrices: readonly ExpertMatrix[] = expertMatrices): string =>
  `\\.ffn_(${matrices.join("|")})(?:_(?:ch)?exps|(?:_inp)?(?:_shexp)?)\\.`;

const expertTensor = new RegExp(expertPattern());
const matrixTensor = new RegExp(wholeMatrixPattern());

const matrixIn = (tensor: RegExp, name: string): ExpertMatrix | undefined =>
  expertMatrices.find(matrix => matrix === tensor.exec(name)?.[1]);

/** Which of the matrices of its block's experts this tensor belongs to; undefined for any other tensor. */
export const expertMatrixOf = (name: string): ExpertMatrix | undefined => matrixIn(expertTensor, name);

/** Which of these matrices this tensor belongs to, experts or not. */
export const matrixOf = (name: string): ExpertMatrix | undefined => matrixIn(matrixTensor, name);
/** LFM2 gives its output norm the name of an input norm. */
const outputNamedLikeInput = /^lfm2/;

/**
 * Sorts tensors by the layer that llama.cpp allocates them with. Tensors in neither a block nor the input belong to the output.
 * @see llama.cpp src/llama-arch.cpp (LLM_TENSOR_INFOS), src/llama-model-loader.cpp (create_tensor)
 */
export function placeTensors(tensors: readonly TensorProfile[], architecture: string, blocks: number): PlacedTensors {
  const placed = {
    embedding: [] as TensorProfile[],
    output: [] as TensorProfile[],
    shared: [] as TensorProfile[],
    blocks: Array.from({ length: blocks }, () => [] as TensorProfile[]),
  };
  for (const { name, bytes } of tensors) home(placed, name, architecture).push({ name, bytes });
  const embedding = placed.embedding.find(tensor => tensor.name === "token_embd.weight");
  const tiedEmbeddings = embedding !== undefined && !placed.output.some(tensor => tensor.name === "output.weight");
  if (tiedEmbeddings) placed.output.push(embedding);
  return { ...placed, tiedEmbeddings };
}

function home(
  placed: Record<"embedding" | "output" | "shared", TensorProfile[]> & { readonly blocks: TensorProfile[][] },
  name: string,
  architecture: string,
): TensorProfile[] {
  const block = blockTensor.exec(name)?.[1];
  if (block !== undefined) return blockAt(placed.blocks, Number(block), name);
  if (inputTensor.test(name)) return placed.embedding;
  if (sharedTensor.test(name)) return placed.shared;
  if (firstBlockTensor.test(name) && !outputNamedLikeInput.test(architecture)) return blockAt(placed.blocks, 0, name);
  return placed.output;
}

function blockAt(blocks: readonly TensorProfile[][], index: number, name: string): TensorProfile[] {
  const block = blocks[index];
  if (block) return block;
  throw new GgufFormatError(
    "CORRUPT_MODEL",
    `Tensor "${name}" is of block ${index}; the header says ${blocks.length} blocks.`,
    0,
  );
}
