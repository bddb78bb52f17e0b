import {
  byBus,
  type CardProcess,
  type CardsReading,
  type CardVendor,
  type GpuCard,
  type GpuReader,
} from "./gpu-reader";

/** All cards of this computer at one moment. */
export interface AllCards {
  /** In bus order. */
  readonly cards: readonly GpuCard[];
  readonly processes: readonly CardProcess[];
  /** The makers whose reader answered: only of their cards it is known that one is missing. */
  readonly answered: readonly CardVendor[];
  /** The age of the oldest part. null: nobody answered. */
  readonly atMs: number | null;
  /** What NVIDIA's reader said, for the reason why no GPU is used. */
  readonly nvidia: CardsReading;
}

const unread: CardsReading = { kind: "unknown", failure: "missing", said: "" };

/** One list of the cards of several makers. A reader that fails leaves out its own cards only. */
export function joinReadings(readings: readonly (readonly [vendor: CardVendor, reading: CardsReading])[]): AllCards {
  const read = readings.flatMap(([vendor, reading]) => (reading.kind === "read" ? [{ vendor, reading }] : []));
  return {
    cards: read.flatMap(({ reading }) => reading.cards).sort(byBus),
    processes: read.flatMap(({ reading }) => reading.processes),
    answered: read.map(({ vendor }) => vendor),
    atMs: read.length === 0 ? null : Math.min(...read.map(({ reading }) => reading.atMs)),
    nvidia: readings.find(([vendor]) => vendor === "nvidia")?.[1] ?? unread,
  };
}

/** Readers work side by side: one that hangs does not delay the others beyond its own limit. */
export const readAll = async (readers: readonly GpuReader[]): Promise<AllCards> =>
  joinReadings(await Promise.all(readers.map(async reader => [reader.vendor, await reader.read()] as const)));
