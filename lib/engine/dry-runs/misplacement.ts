import type { GgufFileInfo } from "node-llama-cpp";
import { tensorTypes } from "@/lib/gguf/header/tensor-types";
import { expertMatrixOf, matrixOf } from "@/lib/gguf/profile/place-tensors";
import { dividedBlock, wholeBlocksInRam } from "@/lib/plan/memory/expert-placement";
import type { ExpertMatrix } from "@/lib/schema/plans/load-config";
import type { DeviceBuffers } from "@/lib/schema/plans/placement";
import { formatBytes } from "@/lib/units/bytes";
import { sum } from "@/lib/units/sum";
import type { LlamaBackend } from "../backend/llama-backend";
import type { PlacementOptions } from "../backend/placer";
import { largestTensorBytes } from "../backend/tensor-limit";

type PlacedLayers = PlacementOptions & { readonly gpuLayers: number };

interface WeightsFound {
  readonly plain: { readonly gpuBytes: number };
  readonly placed: { readonly gpuBytes: number };
  readonly devices: readonly DeviceBuffers[] | null;
}

/** Backends pad each tensor to at most this: CUDA adds up to 512 elements to the last row. */
const PADDING_BYTES = 1024;

const blockOf = (name: string): number => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);

/**
 * What is wrong with where llama.cpp put the weights, in a sentence; null if they are where the placement says.
 * The expert tensors of the header say how many bytes have to leave the GPU.
 */
export function misplacement(
  { info, placer }: LlamaBackend,
  fileInfo: GgufFileInfo,
  run: PlacedLayers,
  { plain, placed, devices }: WeightsFound,
): string | null {
  const movedBytes = plain.gpuBytes - placed.gpuBytes;
  const moving = expertsOnGpu(fileInfo, run);
  const possible = moving.filter(bytes => bytes <= largestTensorBytes(info));
  const copiedBytes = run.tensorSplit === undefined ? 0 : placer.cards().length * copiesBytes(fileInfo);
  const paddingBytes = moving.length * PADDING_BYTES + copiedBytes;
  // A tensor that this device cannot hold was in system memory before; whether it can is known for software devices only.
  if (movedBytes < sum(possible) - paddingBytes || movedBytes > sum(moving) + paddingBytes)
    return `Experts with ${formatBytes(sum(moving))} should have left the GPU in a dry run, and ${formatBytes(movedBytes)} did.`;
  const split = run.tensorSplit;
  if (split === undefined || devices === null) return null;
  const unwanted = placer
    .cards()
    .find(
      ({ device }, index) =>
        !((split[index] ?? 0) > 0) && devices.some(found => found.device === device && found.weightsBytes > 0),
    );
  return unwanted === undefined ? null : `${unwanted.device} should have had no layers in a dry run, and had some.`;
}

/** The same for the KV cache. */
export function misplacedKv({ kvInRam }: PlacementOptions, devices: readonly DeviceBuffers[] | null): string | null {
  const onGpu = kvInRam ? devices?.find(({ device, kvBytes }) => device !== null && kvBytes > 0) : undefined;
  return onGpu === undefined
    ? null
    : `The KV cache should have been in system memory in a dry run, and ${formatBytes(onGpu.kvBytes)} were on ${onGpu.device}.`;
}

/** Tensors that all blocks share (rope factors): each card with a block has a copy, so another split has another number of copies. */
const copiesBytes = ({ fullTensorInfo }: GgufFileInfo): number =>
  sum((fullTensorInfo ?? []).filter(({ name }) => name.startsWith("rope_")).map(bytesOf));

function bytesOf({ dimensions, ggmlType }: NonNullable<GgufFileInfo["fullTensorInfo"]>[number]): number {
  const { blockElements, blockBytes } = tensorTypes.get(ggmlType) ?? { blockElements: 1, blockBytes: 0 };
  return (dimensions.reduce<number>((product, size) => product * Number(size), 1) / blockElements) * blockBytes;
}

function isInRam(name: string, placement: PlacementOptions): boolean {
  const block = blockOf(name);
  if (block < wholeBlocksInRam(placement)) return expertMatrixOf(name) !== undefined;
  const border = dividedBlock(placement);
  if (border?.block !== block) return false;
  const matrix = border.isOnly ? matrixOf(name) : expertMatrixOf(name);
  return matrix !== undefined && !border.matrices.includes(matrix);
}

/** Bytes of each expert tensor that would be on the GPU with its block and has to be in system memory. */
function expertsOnGpu({ fullTensorInfo, architectureMetadata }: GgufFileInfo, run: PlacedLayers): number[] {
  const firstOnGpu = (architectureMetadata.block_count ?? 0) + 1 - run.gpuLayers;
  return (fullTensorInfo ?? []).filter(({ name }) => blockOf(name) >= firstOnGpu && isInRam(name, run)).map(bytesOf);
}

/** A tensor of a block's experts. */
export interface ExpertTensor {
  readonly block: number;
  readonly matrix: ExpertMatrix;
  readonly bytes: number;
}

export const expertTensorsOf = ({ fullTensorInfo }: GgufFileInfo): ExpertTensor[] =>
  (fullTensorInfo ?? []).flatMap(tensor => {
    const matrix = expertMatrixOf(tensor.name);
    return matrix === undefined ? [] : [{ block: blockOf(tensor.name), matrix, bytes: bytesOf(tensor) }];
  });
