import { elementTypesOf, isMixed, type KvType, kvElementTypes } from "@/lib/schema/plans/kv-type";

/** Each KV type has its own shade of the KV colour, its own marker and its own dash, widest first: colour is never the only sign. */
const kvLooks = [
  { stroke: "var(--kv-f16)", marker: "circle", dash: undefined },
  { stroke: "var(--kv-q8)", marker: "square", dash: "7 3" },
  { stroke: "var(--kv-q4)", marker: "triangle", dash: "2 3" },
  { stroke: "var(--kv)", marker: "circle", dash: "1 2" },
] as const;

const mixedLook = { stroke: "var(--kv)", marker: "diamond", dash: "9 3 2 3" } as const;

/** Only one mixed type is ever shown: the chosen one. */
export const kvLook = (kvType: KvType) =>
  isMixed(kvType) ? mixedLook : (kvLooks[kvElementTypes.indexOf(elementTypesOf(kvType).k)] ?? mixedLook);
