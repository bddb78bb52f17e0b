import type { EngineInfo } from "@/lib/schema/engine-info";
import { formatGib } from "@/lib/units/bytes";
import type { GpuCard } from "./gpu-reader";

/** How CUDA counts cards for the engine's process. */
export interface CudaView {
  /** CUDA_VISIBLE_DEVICES; undefined: all cards. */
  readonly visibleDevices: string | undefined;
  /** CUDA_DEVICE_ORDER, as the engine has it. */
  readonly deviceOrder: string;
}

/** The engine's cards in its own order. null: they cannot be identified, and `note` gives the reason if there is one worth telling. */
export interface CardMatch {
  readonly cards: readonly GpuCard[] | null;
  readonly note: string | null;
}

/**
 * A driver counts all memory of a card, a backend only what it may use: 24,576 and 24,259 MiB for an RTX 3090. Cards with the
 * same name but different memory (8 and 16 GiB, 10 and 12 GiB) are further apart.
 */
const SAME_TOTAL_SHARE = 0.08;

/** With more matching cards than this, not all choices are tried. */
const MAX_CHOICES_FROM = 12;

/** "Quadro P4000" and "NVIDIA Quadro P4000" are one card, named by drivers of different years; "Orin (nvgpu)" is CUDA's "Orin". */
const plainName = (name: string): string =>
  name
    .replace(/^NVIDIA /i, "")
    .replace(/ \(nvgpu\)$/, "")
    .trim();

const namesOf = (names: readonly string[]): string => names.map(plainName).sort().join("\n");

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** If one side does not report it, it counts as a match. */
function totalsAgree(cards: readonly GpuCard[], backendBytes: number | undefined): boolean {
  if (!backendBytes || cards.some(({ memory }) => memory === null)) return true;
  const driverBytes = sum(cards.map(({ memory }) => memory?.totalBytes ?? 0));
  return Math.abs(driverBytes - backendBytes) <= SAME_TOTAL_SHARE * driverBytes;
}

const agrees = (info: EngineInfo, cards: readonly GpuCard[]): boolean =>
  namesOf(info.devices) === namesOf(cards.map(({ name }) => name)) && totalsAgree(cards, info.deviceTotalBytes);

/**
 * The cards that CUDA shows to a process, in CUDA's order. null if an entry cannot be identified from
 * outside: a MIG part has no line of its own, and only CUDA knows its order "fastest first".
 *
 * The list ends before the first entry that names no card, so "-1" ends it and an empty one shows nothing. A card named
 * twice is an error to CUDA: it then shows none. UUIDs may be shortened if only one card begins with the shortened form.
 * @see CUDA C++ Programming Guide, "CUDA Environment Variables"
 */
export function visibleCards(cardsByBus: readonly GpuCard[], view: CudaView): readonly GpuCard[] | null {
  if (view.visibleDevices === undefined) return cardsByBus;
  const visible: GpuCard[] = [];
  for (const entry of view.visibleDevices.split(",").map(text => text.trim())) {
    if (/^MIG-/i.test(entry)) return null;
    if (/^\d+$/.test(entry) && view.deviceOrder !== "PCI_BUS_ID") return null;
    const card = namedCard(cardsByBus, entry);
    if (card === null) break;
    if (visible.includes(card)) return [];
    visible.push(card);
  }
  return visible;
}

function namedCard(cardsByBus: readonly GpuCard[], entry: string): GpuCard | null {
  if (/^\d+$/.test(entry)) return cardsByBus[Number(entry)] ?? null;
  if (!/^GPU-./i.test(entry)) return null;
  const found = cardsByBus.filter(({ uuid }) => uuid.toLowerCase().startsWith(entry.toLowerCase()));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** All ways to take `count` of the cards. */
function choices(cards: readonly GpuCard[], count: number): GpuCard[][] {
  if (count === 0) return [[]];
  return cards.flatMap((card, index) => choices(cards.slice(index + 1), count - 1).map(rest => [card, ...rest]));
}

/** The only choice of cards that has the devices' exact names and the backend's total; null if there is none, or several. */
function cardsByName(info: EngineInfo, cards: readonly GpuCard[]): readonly GpuCard[] | null {
  const names = new Set(info.devices.map(plainName));
  const named = cards.filter(({ name }) => names.has(plainName(name)));
  if (named.length > MAX_CHOICES_FROM) return agrees(info, named) ? named : null;
  const fitting = choices(named, info.devices.length).filter(choice => agrees(info, choice));
  return fitting.length === 1 ? inDeviceOrder(info, fitting[0] ?? []) : null;
}

function inDeviceOrder({ devices }: EngineInfo, cards: readonly GpuCard[]): GpuCard[] {
  const left = [...cards];
  return devices.flatMap(device => {
    const at = left.findIndex(({ name }) => plainName(name) === plainName(device));
    return at === -1 ? [] : left.splice(at, 1);
  });
}

/**
 * Which cards of a reading the engine uses. CUDA is told to count in bus order, so its list names each card (by index or UUID);
 * Vulkan gives only names. In both cases names and total must match the backend's; otherwise the backend is believed.
 */
export function matchCards(info: EngineInfo, cardsByBus: readonly GpuCard[], view: CudaView): CardMatch {
  if (info.backend !== "cuda" && info.backend !== "vulkan") return { cards: null, note: null };
  const visible = info.backend === "cuda" ? visibleCards(cardsByBus, view) : null;
  const cards =
    visible !== null && visible.length > 0 && agrees(info, visible) ? visible : cardsByName(info, cardsByBus);
  if (cards !== null && cards.length > 0) return { cards, note: null };
  const names = new Set(info.devices.map(plainName));
  // CUDA runs only on this maker's cards; under Vulkan the device may be from another maker.
  const isCuda = info.backend === "cuda" && cardsByBus.length > 0;
  const isAboutThem = isCuda || cardsByBus.some(({ name }) => names.has(plainName(name)));
  return { cards: null, note: isAboutThem ? ambiguityNote(info, cardsByBus) : null };
}

function ambiguityNote({ devices, deviceTotalBytes }: EngineInfo, cards: readonly GpuCard[]): string {
  const counted = deviceTotalBytes === undefined ? "" : ` with ${formatGib(deviceTotalBytes)} in all`;
  const told = cards.map(({ name, memory }) => (memory === null ? name : `${name} (${formatGib(memory.totalBytes)})`));
  return `llama.cpp uses ${devices.join(", ")}${counted}; nvidia-smi lists ${told.join(", ")}. Which of them is used cannot be told, so llama.cpp's own figures are planned with.`;
}
