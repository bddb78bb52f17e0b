import type { Vram } from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { CardReading, GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { GIB } from "@/lib/units/bytes";
import { sum } from "@/lib/units/sum";
import type { GpuCard } from "./gpu-reader";
import type { HeldMemory } from "./held-memory";

/** Used when a card is usable but its memory cannot be read: small enough to fit nearly every card still in use. */
const ASSUMED_TOTAL_BYTES = 4 * GIB;
const ASSUMED_USED_BYTES = 1 * GIB;

/** The device as one source reported it, before anyone's budget is applied. */
export type Device = Omit<
  GpuMemory,
  "overhead" | "placesExperts" | "ramBytesPerSecond" | "threads" | "availableRamBytes"
>;

export type PositionOf = (card: GpuCard) => number | undefined;

export const SOFTWARE_DEVICE = /llvmpipe|lavapipe|swiftshader|software/i;
/** Everyone's memory but ours. The driver's own reserve counts as others', so that the parts add up to the total. */
function shares(totalBytes: number, freeBytes: number, heldBytes: number) {
  const heldByEngineBytes = Math.min(heldBytes, totalBytes - freeBytes);
  return { totalBytes, freeBytes, heldByEngineBytes, usedByOthersBytes: totalBytes - freeBytes - heldByEngineBytes };
}

type CardMemory = NonNullable<CardReading["memory"]>;

/** The memory of each card with our part of it. If the driver does not say, our memory is assumed to be spread as the used memory is. */
function cardMemories(cards: readonly GpuCard[], held: HeldMemory): readonly (CardMemory | null)[] {
  const usedBytes = Math.max(1, sum(cards.map(({ memory }) => memory?.usedBytes ?? 0)));
  return cards.map(({ uuid, memory }) => {
    if (memory === null) return null;
    const { totalBytes, freeBytes } = memory;
    const ourBytes = held.perCard
      ? (held.perCard.get(uuid) ?? 0)
      : Math.floor((held.totalBytes * memory.usedBytes) / usedBytes);
    return { totalBytes, freeBytes, heldByEngineBytes: Math.min(totalBytes - freeBytes, ourBytes) };
  });
}

export function cardReadings(cards: readonly GpuCard[], held: HeldMemory, positionOf: PositionOf): CardReading[] {
  const memories = cardMemories(cards, held);
  return cards.map((card, index) => {
    const { uuid, name, pciAddress, utilizationPercent, temperatureCelsius, powerWatts } = card;
    const position = positionOf(card);
    return {
      id: uuid,
      name,
      pciAddress,
      ...(position !== undefined && { position }),
      memory: memories[index] ?? null,
      utilizationPercent,
      temperatureCelsius,
      powerWatts,
    };
  });
}

/** Several cards are one pool to the engine, so they are one here, and the name says it. */
export function driverDevice(
  info: EngineInfo,
  cards: readonly GpuCard[],
  held: HeldMemory,
  positionOf: PositionOf,
): Device | null {
  const memories = cardMemories(cards, held).filter(memory => memory !== null);
  const first = cards[0];
  if (first === undefined || memories.length < cards.length) return null;
  const totals = shares(
    sum(memories.map(({ totalBytes }) => totalBytes)),
    sum(memories.map(({ freeBytes }) => freeBytes)),
    held.totalBytes,
  );
  const source = cards.every(({ vendor }) => vendor === "nvidia") ? "nvidia-smi" : "kernel";
  const device = { backend: info.backend, kind: "dedicated", ...totals, source } as const;
  const each = memories.map((memory, index) => {
    const card = cards[index] ?? first;
    const position = positionOf(card);
    return { name: card.name, ...memory, ...(position !== undefined && { position }) };
  });
  // One card that is left of several has its place among them: the engine would still use the lost one.
  if (cards.length === 1)
    return {
      name: first.name,
      ...device,
      ...(info.devices.length > 1 && each[0]?.position !== undefined && { cards: each }),
    };
  return {
    name: namesTogether(cards.map(({ name }) => name)),
    ...device,
    cards: each,
  };
}

/** "2 × RTX 3060" or "2 cards together: RTX 3060, P4000" */
const namesTogether = (names: readonly string[]): string =>
  new Set(names).size === 1 ? `${names.length} × ${names[0]}` : `${names.length} cards together: ${names.join(", ")}`;

interface VramCircumstances {
  readonly heldBytes: number;
  readonly takesSystemMemory: boolean;
  readonly availableRamBytes: number;
}

/**
 * The backend's own figures. Some counters, such as that of a software Vulkan device, do not see our memory: a "used"
 * smaller than that cannot include it. Graphics without memory of their own get no more than the system has available.
 */
export function vramDevice(info: EngineInfo, vram: Vram | null, circumstances: VramCircumstances): Device | null {
  if (vram === null || vram.totalBytes === 0) return null;
  const { heldBytes, takesSystemMemory, availableRamBytes } = circumstances;
  const name = info.devices.join(", ") || info.backend;
  const { totalBytes, usedBytes } = vram;
  const kind = takesSystemMemory ? "shared" : deviceKind(name, vram);
  const usedWithUsBytes = usedBytes >= heldBytes && kind !== "software" ? usedBytes : usedBytes + heldBytes;
  const freeBytes = Math.max(0, totalBytes - usedWithUsBytes);
  const pool = shares(totalBytes, takesSystemMemory ? Math.min(totalBytes, availableRamBytes) : freeBytes, heldBytes);
  return { name, backend: info.backend, kind, ...pool, source: "engine", ...alikeCards(info, pool) };
}

/** The backend reports one sum. The share of each card is known only where all cards are the same. */
function alikeCards({ devices, placement }: EngineInfo, pool: ReturnType<typeof shares>): Pick<GpuMemory, "cards"> {
  const canPlace = placement.kind === "ready" && placement.cards.length === devices.length;
  if (devices.length < 2 || new Set(devices).size > 1) return {};
  const part = (bytes: number): number => Math.floor(bytes / devices.length);
  return {
    cards: devices.map((name, position) => ({
      name,
      totalBytes: part(pool.totalBytes),
      freeBytes: part(pool.freeBytes),
      heldByEngineBytes: part(pool.heldByEngineBytes),
      ...(canPlace && { position }),
    })),
  };
}

function deviceKind(name: string, { totalBytes, unifiedBytes }: Vram): Device["kind"] {
  if (SOFTWARE_DEVICE.test(name)) return "software";
  return unifiedBytes >= totalBytes / 2 ? "shared" : "dedicated";
}

export const assumedDevice = (info: EngineInfo): Device => ({
  name: info.devices.join(", ") || info.backend,
  backend: info.backend,
  kind: "unknown",
  ...shares(ASSUMED_TOTAL_BYTES, ASSUMED_TOTAL_BYTES - ASSUMED_USED_BYTES, 0),
  source: "assumed",
});
