import { ggufFileBytes, type WritableTensor, writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";

const PATCH = 14;
const SIDE_PATCHES = 8;
const WIDTH = 64;
const ROWS = 128;
const HEADS = 4;

/** So many tokens a picture is: LLaVA's projector makes one of each patch. */
export const PICTURE_PATCHES = SIDE_PATCHES ** 2;

const tensor = (name: string, ...dimensions: readonly number[]): WritableTensor => ({ name, dimensions, type: "F32" });
const layer = (name: string, from: number, to: number) => [
  tensor(`${name}.weight`, from, to),
  tensor(`${name}.bias`, to),
];
const norm = (name: string) => [tensor(`${name}.weight`, WIDTH), tensor(`${name}.bias`, WIDTH)];

/** A file that reads pictures for a model of this width, in LLaVA's shape, with two layers. It sees nothing: every weight is 0.01. */
export function blindPictureReader(modelWidth: number): Buffer {
  const vision = (name: string) => `clip.vision.${name}`;
  const block = (index: number) => [
    ...["attn_q", "attn_k", "attn_v", "attn_out"].flatMap(name => layer(`v.blk.${index}.${name}`, WIDTH, WIDTH)),
    ...norm(`v.blk.${index}.ln1`),
    ...norm(`v.blk.${index}.ln2`),
    ...layer(`v.blk.${index}.ffn_up`, WIDTH, ROWS),
    ...layer(`v.blk.${index}.ffn_down`, ROWS, WIDTH),
  ];
  const gguf = {
    metadata: {
      "general.architecture": "clip",
      "general.type": "mmproj",
      "clip.has_vision_encoder": true,
      "clip.projector_type": "mlp",
      "clip.use_gelu": true,
      [vision("image_size")]: PATCH * SIDE_PATCHES,
      [vision("patch_size")]: PATCH,
      [vision("embedding_length")]: WIDTH,
      [vision("feed_forward_length")]: ROWS,
      [vision("block_count")]: 2,
      [vision("attention.head_count")]: HEADS,
      [vision("projection_dim")]: modelWidth,
      [vision("attention.layer_norm_epsilon")]: { type: "f32", value: 1e-5 },
      [vision("image_mean")]: { type: "f32", values: [0.5, 0.5, 0.5] },
      [vision("image_std")]: { type: "f32", values: [0.5, 0.5, 0.5] },
    },
    tensors: [
      tensor("v.class_embd", WIDTH),
      tensor("v.patch_embd.weight", PATCH, PATCH, 3, WIDTH),
      tensor("v.position_embd.weight", WIDTH, PICTURE_PATCHES + 1),
      ...norm("v.pre_ln"),
      ...norm("v.post_ln"),
      ...block(0),
      ...block(1),
      ...layer("mm.0", WIDTH, modelWidth),
      ...layer("mm.2", modelWidth, modelWidth),
    ],
  } as const;
  const header = writeGgufHeader(gguf);
  const weights = new Float32Array((ggufFileBytes(header, gguf) - header.byteLength) / 4).fill(0.01);
  return Buffer.concat([header, Buffer.from(weights.buffer)]);
}
