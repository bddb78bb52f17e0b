/** One card as its driver reports it; null for what the driver does not report. */
export interface GpuCard {
  /** "GPU-5a2c1f7e-...": stays the same for the life of the card, wherever it is plugged in. */
  readonly uuid: string;
  /** "00000000:B3:00.0"; null where the driver does not report it. */
  readonly pciAddress: string | null;
  readonly name: string;
  readonly driverVersion: string | null;
  /** All three or none: half a reading cannot be planned with. */
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number; readonly freeBytes: number } | null;
  /** The driver says that the chip has no memory of its own and uses the system's (GB10, Orin). */
  readonly takesSystemMemory: boolean;
  readonly utilizationPercent: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
}

/** What one process holds on one card. A process on two cards has two entries. */
export interface CardProcess {
  readonly cardUuid: string;
  readonly pid: number;
  readonly name: string;
  readonly usedBytes: number;
}

/**
 * `missing`: no such program. `silent`: it hangs. `driver`: it says that the driver does not work.
 * `unreadable`: its output is not numbers.
 */
export type ReadingFailure = "missing" | "silent" | "driver" | "unreadable";

export type CardsReading =
  | {
      readonly kind: "read";
      /** In bus order. */
      readonly cards: readonly GpuCard[];
      readonly processes: readonly CardProcess[];
      /** When the driver reported it. */
      readonly atMs: number;
    }
  | { readonly kind: "unknown"; readonly failure: ReadingFailure; readonly said: string };

/** Reads one maker's cards. Whatever the driver prints, reading never throws. */
export interface GpuReader {
  /** The newest reading; waits for the first one. */
  read(): Promise<CardsReading>;
  /** Keeps readings coming until the returned function is called. */
  watch(): () => void;
  close(): void;
}
