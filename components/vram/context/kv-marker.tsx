import type { KvType } from "@/lib/schema/plans/kv-type";
import { kvLook } from "./kv-looks";

interface KvMarkerProps {
  readonly kvType: KvType;
  readonly x: number;
  readonly y: number;
  /** Filled: all layers fit. Hollow: they do not. */
  readonly isFilled: boolean;
}

const paths = {
  circle: "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0Z",
  square: "M-3.2-3.2h6.4v6.4h-6.4Z",
  triangle: "M0-4L4 3.2H-4Z",
  diamond: "M0-4.4L4.4 0L0 4.4L-4.4 0Z",
} as const;

export function KvMarker({ kvType, x, y, isFilled }: KvMarkerProps) {
  const { stroke, marker } = kvLook(kvType);
  return (
    <path
      d={paths[marker]}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      fill={isFilled ? stroke : "var(--surface)"}
      stroke={stroke}
      strokeWidth="1.75"
    />
  );
}
