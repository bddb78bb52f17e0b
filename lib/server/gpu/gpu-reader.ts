/** One card as its driver tells; null is what it does not tell. */
export interface GpuCard {
  /** "GPU-5a2c1f7e-...": the same for as long as the card lives, wherever it is plugged in. */
  readonly uuid: string;
  /** "00000000:B3:00.0"; null where the driver does not tell. */
  readonly pciAddress: string | null;
  readonly name: string;
  readonly driverVersion: string | null;
  /** All three or none: half a reading cannot be planned with. */
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number; readonly freeBytes: number } | null;
  /** The driver says that there is no memory of its own to count: the chip takes the system's (GB10, Orin). */
  readonly takesSystemMemory: boolean;
  readonly utilizationPercent: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
}

/** What one process holds on one card: a process on two cards is told twice. */
export interface CardProcess {
  readonly cardUuid: string;
  readonly pid: number;
  readonly name: string;
  readonly usedBytes: number;
}

/**
 * `missing`: no such program. `silent`: it hangs. `driver`: it says that the driver does not work.
 * `unreadable`: it says something else than numbers.
 */
export type ReadingFailure = "missing" | "silent" | "driver" | "unreadable";

export type CardsReading =
  | {
      readonly kind: "read";
      /** In the order of the bus. */
      readonly cards: readonly GpuCard[];
      readonly processes: readonly CardProcess[];
      /** When the driver said so. */
      readonly atMs: number;
    }
  | { readonly kind: "unknown"; readonly failure: ReadingFailure; readonly said: string };

/** Where one maker's cards are read. Whatever the driver says or fails to say, reading never throws. */
export interface GpuReader {
  /** The newest reading; waits for the first one. */
  read(): Promise<CardsReading>;
  /** Keeps readings coming until the returned function is called. */
  watch(): () => void;
  close(): void;
}
