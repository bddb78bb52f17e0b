/** Makers of cards: PCI vendor number, name, and how backends name their devices. @see https://pci-ids.ucw.cz */
export const cardMakers = {
  nvidia: { pciNumber: "0x10de", name: "NVIDIA", devices: /nvidia|geforce|quadro|tesla/i },
  amd: { pciNumber: "0x1002", name: "AMD", devices: /\bamd\b|radeon|instinct|\bgfx\d/i },
  intel: { pciNumber: "0x8086", name: "Intel", devices: /intel/i },
} as const;
type CardMaker = keyof typeof cardMakers;
export type CardVendor = CardMaker | "other";

const makers = Object.keys(cardMakers) as CardMaker[];

export const vendorOf = (pciNumber: string): CardVendor =>
  makers.find(maker => cardMakers[maker].pciNumber === pciNumber) ?? "other";

/** The maker of a device, by the name that a backend gives it. */
export const makerOf = (device: string): CardMaker | null =>
  makers.find(maker => cardMakers[maker].devices.test(device)) ?? null;

/** One card as its driver reports it; null for what the driver does not report. */
export interface GpuCard {
  readonly vendor: CardVendor;
  /** "GPU-5a2c1f7e-...": stays the same for the life of the card, wherever it is plugged in. A card without one has its bus address here. */
  readonly uuid: string;
  /** "0000:b3:00.0", see `pciAddress`; null if the driver does not report it. */
  readonly pciAddress: string | null;
  readonly name: string;
  readonly driverVersion: string | null;
  /** All three or none: half a reading cannot be planned with. */
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number; readonly freeBytes: number } | null;
  /** The chip has no memory of its own and uses the system's (GB10, Orin, graphics in a processor). */
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

/**
 * "00000000:B3:00.0" (nvidia-smi), "0000:b3:00.0" (the kernel) and "0000:b3:00.0-v1" (a card that llama.cpp uses twice) are one address:
 * lower case, with at least four digits of domain. null for anything else.
 */
export function pciAddress(text: string): string | null {
  const match = /^([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])(?:-v\d+)?$/i.exec(text.trim());
  if (match === null) return null;
  const domain = (match[1] ?? "").replace(/^0+/, "").padStart(4, "0");
  return `${domain}:${match[2]}`.toLowerCase();
}

/** Reads one maker's cards. Whatever the driver prints, reading never throws. */
export interface GpuReader {
  readonly vendor: CardMaker;
  /** The newest reading; waits for the first one. */
  read(): Promise<CardsReading>;
  /** Keeps readings coming until the returned function is called. */
  watch(): () => void;
  close(): void;
}

/** The order of a list of cards. */
export const byBus = (one: GpuCard, other: GpuCard): number =>
  (one.pciAddress ?? "").localeCompare(other.pciAddress ?? "", "en") || one.uuid.localeCompare(other.uuid, "en");
