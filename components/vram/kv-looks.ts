import { type KvElementType, type KvType, kvElementTypes } from "@/lib/schema/kv-type";

/** Each KV type has its own shade of the KV colour, its own marker and its own dash: colour is never the only sign. */
const kvLooks = {
  f16: { stroke: "var(--kv-f16)", marker: "circle", dash: undefined },
  q8_0: { stroke: "var(--kv-q8)", marker: "square", dash: "7 3" },
  q4_0: { stroke: "var(--kv-q4)", marker: "triangle", dash: "2 3" },
} as const satisfies Record<KvElementType, { stroke: string; marker: string; dash: string | undefined }>;

const mixedLook = { stroke: "var(--kv)", marker: "diamond", dash: "9 3 2 3" } as const;

/** Only one mixed type is ever shown: the chosen one. */
export function kvLook(kvType: KvType) {
  const type = kvElementTypes.find(one => one === kvType);
  return type === undefined ? mixedLook : kvLooks[type];
}
