import type { WritableTensor } from "./gguf-writer";
import type { ModelShape } from "./model-shapes";
import { llama, withTokenizer } from "./shape-families";

const BLOCKS = 16;
const F16_BLOCKS = 8;

const blockOf = ({ name }: WritableTensor): number => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? BLOCKS);

/** The first half of its blocks is F16, the rest Q4_K: half of the layers hold far more than half of the bytes. */
export function unevenShape(): ModelShape {
  const size = { width: 2048, heads: 32, kvHeads: 8, feedForward: 20_480, vocabulary: 32_000, contextTokens: 4096 };
  const plain = withTokenizer(llama({ blocks: BLOCKS, ...size }));
  const tensors = plain.tensors.map(tensor =>
    blockOf(tensor) < F16_BLOCKS && tensor.dimensions.length === 2 ? { ...tensor, type: "F16" } : tensor,
  );
  const metadata = { ...plain.metadata, "general.name": "uneven" };
  return { id: "uneven", family: "Llama 2", gguf: { ...plain, metadata, tensors } };
}
