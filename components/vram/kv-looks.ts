import type { KvType } from "@/lib/schema/kv-type";

/** Each KV type has its own shade of the KV colour, its own marker and its own dash: colour is never the only sign. */
export const kvLooks = {
  f16: { stroke: "var(--kv-f16)", marker: "circle", dash: undefined },
  q8_0: { stroke: "var(--kv-q8)", marker: "square", dash: "7 3" },
  q4_0: { stroke: "var(--kv-q4)", marker: "triangle", dash: "2 3" },
} as const satisfies Record<KvType, { stroke: string; marker: string; dash: string | undefined }>;
