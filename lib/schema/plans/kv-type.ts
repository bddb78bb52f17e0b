import * as z from "zod/mini";

interface KvTypeRow {
  /** Bytes of 32 elements, including the scale of a quantized block. @see ggml/src/ggml-common.h */
  readonly bytesPer32Elements: number;
  /** Elements in one block. The size of a head must be a multiple of this. */
  readonly blockElements: number;
  /** Quantized caches need flash attention. */
  readonly isQuantized: boolean;
  /** The size that the first version's formula used: a half and a quarter of f16, without the scales. */
  readonly simpleBytesPerElement: number;
  /** ggml's name for it. */
  readonly ggmlType: string;
}

/** Types of the elements of K and V, widest first. A new type needs only a new entry: the mixed types of the cache follow from it. */
export const kvTypeTable = {
  f16: {
    bytesPer32Elements: 64,
    blockElements: 1,
    isQuantized: false,
    simpleBytesPerElement: 2,
    ggmlType: "F16",
  },
  q8_0: {
    bytesPer32Elements: 34,
    blockElements: 32,
    isQuantized: true,
    simpleBytesPerElement: 1,
    ggmlType: "Q8_0",
  },
  q4_0: {
    bytesPer32Elements: 18,
    blockElements: 32,
    isQuantized: true,
    simpleBytesPerElement: 0.5,
    ggmlType: "Q4_0",
  },
} as const satisfies Record<string, KvTypeRow>;

/** The type of the elements of K, of V, or of both. */
export type KvElementType = keyof typeof kvTypeTable;
export const kvElementTypes = Object.keys(kvTypeTable) as [KvElementType, ...KvElementType[]];

type MixedKvType = { [K in KvElementType]: `${K}/${Exclude<KvElementType, K>}` }[KvElementType];

/** The type of a cache: one name where K and V have the same, otherwise the type of K, a slash and the type of V. */
export type KvType = KvElementType | MixedKvType;

/** The type of a cache whose K and V have these types. */
export const kvTypeOf = (k: KvElementType, v: KvElementType): KvType => (k === v ? k : (`${k}/${v}` as MixedKvType));

interface KvElementTypes {
  readonly k: KvElementType;
  readonly v: KvElementType;
}

const pairs: readonly KvElementTypes[] = [
  ...kvElementTypes.map(type => ({ k: type, v: type })),
  ...kvElementTypes.flatMap(k => kvElementTypes.filter(v => v !== k).map(v => ({ k, v }))),
];
const pairOf = Object.fromEntries(pairs.map(pair => [kvTypeOf(pair.k, pair.v), pair])) as Record<
  KvType,
  KvElementTypes
>;

/** Those with one type for both first, widest first. */
export const kvTypes = Object.keys(pairOf) as [KvType, ...KvType[]];

/** Types of K and of V. */
export const elementTypesOf = (kvType: KvType): KvElementTypes => pairOf[kvType];

export const isMixed = (kvType: KvType): boolean => pairOf[kvType].k !== pairOf[kvType].v;

export const kvTypeSchema = z.enum(kvTypes);

/** Whether a cache takes less for K or V than another one and more for neither. */
export function isNarrower(one: KvType, other: KvType): boolean {
  const width = (type: KvElementType) => kvTypeTable[type].bytesPer32Elements;
  const [narrow, wide] = [elementTypesOf(one), elementTypesOf(other)];
  return one !== other && width(narrow.k) <= width(wide.k) && width(narrow.v) <= width(wide.v);
}

/** One value for each type that K and V can both have. */
export const ofEachElementType = <Value>(make: (type: KvElementType) => Value): Record<KvElementType, Value> =>
  Object.fromEntries(kvElementTypes.map(type => [type, make(type)])) as Record<KvElementType, Value>;

/** One value for each type that K and V can both have, and for the chosen mixed one. */
export type PerKvType<Value> = Readonly<Record<KvElementType, Value> & Partial<Record<KvType, Value>>>;

/** The value of one of these types; without one that of its K. */
export const ofKvType = <Value>(values: PerKvType<Value>, kvType: KvType): Value =>
  (kvType in values ? values[kvType] : values[elementTypesOf(kvType).k]) as Value;

export const perKvType = <Value>(chosen: KvType, make: (kvType: KvType) => Value): PerKvType<Value> => ({
  ...ofEachElementType(make),
  ...(isMixed(chosen) && { [chosen]: make(chosen) }),
});

export const flashAttentionSchema = z.enum(["auto", "on", "off"]);
export type FlashAttention = z.infer<typeof flashAttentionSchema>;
