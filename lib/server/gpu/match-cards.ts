import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import { formatGib } from "@/lib/units/bytes";
import { sum } from "@/lib/units/sum";
import { type GpuCard, makerOf, pciAddress } from "./gpu-reader";

/** The variables by which people choose the cards of the engine's process, as the engine has them. */
export interface VisibleDevices {
  /** CUDA_VISIBLE_DEVICES; undefined: all cards. */
  readonly cuda: string | undefined;
  /** CUDA_DEVICE_ORDER */
  readonly cudaOrder: string;
  /** HIP_VISIBLE_DEVICES; without it, HIP obeys CUDA_VISIBLE_DEVICES. */
  readonly hip?: string | undefined;
  /** ROCR_VISIBLE_DEVICES: the cards that HIP gets to see. */
  readonly rocr?: string | undefined;
  /** GGML_VK_VISIBLE_DEVICES: numbers in the order of the Vulkan loader, which nobody outside of it knows. */
  readonly vulkan?: string | undefined;
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

/**
 * "Quadro P4000" and "NVIDIA Quadro P4000" are one card, named by drivers of different years; "Orin (nvgpu)" is CUDA's "Orin", and
 * "AMD Radeon RX 7900 XTX (RADV NAVI31)" is Mesa's name for AMD's.
 */
const plainName = (name: string): string =>
  name
    .replace(/^NVIDIA /i, "")
    .replace(/ \((?:nvgpu|RADV [^)]*)\)$/, "")
    .trim();

const namesOf = (names: readonly string[]): string => names.map(plainName).sort().join("\n");

/** Words that tell models apart: "7900", "a770", "navi31". Names of chips are written with and without a space. */
const modelWords = (name: string): string[] =>
  name
    .toLowerCase()
    .replace(/\bnavi (\d+)/g, "navi$1")
    .match(/\b[a-z]*\d[a-z\d]*\b/g) ?? [];

/** nvidia-smi and CUDA have the same name for a card. The kernel knows other makers' by numbers, for which systems have several lists of names. */
function isNamed(device: string, card: GpuCard): boolean {
  if (plainName(device) === plainName(card.name)) return true;
  if (card.vendor === "nvidia" || makerOf(device) !== card.vendor) return false;
  const words = modelWords(card.name);
  return modelWords(device).some(word => words.includes(word));
}

/** The cards that a device can be: those that its name matches, otherwise its maker's cards with names that say as little. */
function candidates(device: string, devices: readonly string[], cards: readonly GpuCard[]): readonly GpuCard[] {
  const exact = cards.filter(card => plainName(card.name) === plainName(device));
  if (exact.length > 0) return exact;
  const named = cards.filter(card => isNamed(device, card));
  if (named.length > 0) return named;
  const maker = makerOf(device);
  return cards.filter(
    card => card.vendor !== "nvidia" && card.vendor === maker && !devices.some(other => isNamed(other, card)),
  );
}

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
export function visibleCards(
  cardsByBus: readonly GpuCard[],
  { cuda, cudaOrder }: VisibleDevices,
): readonly GpuCard[] | null {
  if (cuda === undefined) return cardsByBus;
  const visible: GpuCard[] = [];
  for (const entry of entriesOf(cuda)) {
    if (/^MIG-/i.test(entry)) return null;
    if (/^\d+$/.test(entry) && cudaOrder !== "PCI_BUS_ID") return null;
    const card = namedCard(cardsByBus, entry);
    if (card === null) break;
    if (visible.includes(card)) return [];
    visible.push(card);
  }
  return visible;
}

/**
 * AMD's cards that HIP may use. ROCr shows some cards to HIP, and HIP shows some of those. Only UUIDs name a card: both count cards in
 * an order of their own. A list with numbers leaves all cards possible.
 * @see https://rocm.docs.amd.com, "GPU isolation techniques"
 */
function hipCards(cards: readonly GpuCard[], { cuda, hip, rocr }: VisibleDevices): readonly GpuCard[] {
  return [rocr, hip || cuda].reduce<readonly GpuCard[]>((visible, list) => {
    const entries = list === undefined ? [] : entriesOf(list);
    if (entries.length === 0 || !entries.every(entry => /^GPU-./i.test(entry))) return visible;
    return entries.flatMap(entry => namedCard(visible, entry) ?? []);
  }, cards);
}

const entriesOf = (list: string): string[] => list.split(",").map(text => text.trim());

/** "0,0" makes two devices of one card: they cannot be told from two cards of one name. */
const namesOneTwice = (list: string | undefined): boolean => {
  const numbers = list?.match(/\d+/g) ?? [];
  return new Set(numbers.map(Number)).size < numbers.length;
};

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

/** Devices of one name, and the cards that they can be. */
interface DeviceGroup {
  readonly name: string;
  readonly count: number;
  readonly cards: readonly GpuCard[];
}

function groupsOf({ devices }: EngineInfo, cards: readonly GpuCard[]): DeviceGroup[] {
  const names = [...new Set(devices.map(plainName))];
  return names.map(name => {
    const group = devices.filter(device => plainName(device) === name);
    return { name, count: group.length, cards: candidates(group[0] ?? name, devices, cards) };
  });
}

/** All ways to give each group its cards, no card twice. */
function* assignments(groups: readonly DeviceGroup[]): Generator<ReadonlyMap<string, readonly GpuCard[]>> {
  const [group, ...rest] = groups;
  if (group === undefined) return yield new Map();
  for (const choice of choices(group.cards, group.count)) {
    const others = rest.map(other => ({ ...other, cards: other.cards.filter(card => !choice.includes(card)) }));
    for (const assignment of assignments(others)) yield new Map([[group.name, choice], ...assignment]);
  }
}

/** The only choice of cards that fits the devices' names and the backend's total, in their order; null if there is none, or several. */
function cardsByName(info: EngineInfo, cards: readonly GpuCard[]): readonly GpuCard[] | null {
  const groups = groupsOf(info, cards);
  if (groups.some(group => group.cards.length > MAX_CHOICES_FROM && group.cards.length > group.count)) return null;
  const fitting: ReadonlyMap<string, readonly GpuCard[]>[] = [];
  for (const assignment of assignments(groups)) {
    if (totalsAgree([...assignment.values()].flat(), info.deviceTotalBytes)) fitting.push(assignment);
    if (fitting.length > 1) return null;
  }
  const [only] = fitting;
  if (only === undefined) return null;
  const left = new Map([...only].map(([name, group]) => [name, [...group]]));
  return info.devices.flatMap(device => left.get(plainName(device))?.shift() ?? []);
}

/** The cards at the addresses that llama.cpp itself gives for its devices; null if it does not give one for each. */
function cardsByAddress({ placement }: EngineInfo, cards: readonly GpuCard[]): readonly GpuCard[] | null {
  if (placement.kind === "missing" || placement.cards.length === 0) return null;
  const found = placement.cards.map(({ address }) => {
    const plain = address === null ? null : pciAddress(address);
    return plain === null ? undefined : cards.find(card => card.pciAddress === plain);
  });
  return found.every(card => card !== undefined) ? [...new Set(found)] : null;
}

/** HIP runs AMD's cards, but calls itself CUDA to llama.cpp. */
function cardsOfCuda(
  info: EngineInfo,
  cardsByBus: readonly GpuCard[],
  visible: VisibleDevices,
): readonly GpuCard[] | null {
  if (info.devices.some(device => makerOf(device) === "amd"))
    return cardsByName(
      info,
      hipCards(
        cardsByBus.filter(({ vendor }) => vendor === "amd"),
        visible,
      ),
    );
  const nvidia = cardsByBus.filter(({ vendor }) => vendor === "nvidia");
  const listed = visibleCards(nvidia, visible);
  return listed !== null && listed.length > 0 && agrees(info, listed) ? listed : cardsByName(info, nvidia);
}

function identify(
  info: EngineInfo,
  cardsByBus: readonly GpuCard[],
  visible: VisibleDevices,
): readonly GpuCard[] | null {
  const addressed = cardsByAddress(info, cardsByBus);
  if (addressed !== null) return addressed;
  if (info.backend === "cuda") return cardsOfCuda(info, cardsByBus, visible);
  return namesOneTwice(visible.vulkan) ? null : cardsByName(info, cardsByBus);
}

/**
 * Which cards of a reading the engine uses. The best answer is a bus address from llama.cpp. Otherwise: CUDA is told to count in bus
 * order, so its list names each card (by index or UUID); HIP and Vulkan give only names. Names and total must then match the
 * backend's; otherwise the backend is believed. Two cards of the same kind are never guessed apart.
 *
 * llama.cpp leaves a processor's graphics alone where there is a card, although it lists both.
 */
export function matchCards(info: EngineInfo, cardsByBus: readonly GpuCard[], visible: VisibleDevices): CardMatch {
  if (info.backend !== "cuda" && info.backend !== "vulkan") return { cards: null, note: null };
  const cards = identify(info, cardsByBus, visible) ?? [];
  const withMemory = cards.filter(card => !card.takesSystemMemory);
  if (cards.length > 0) return { cards: withMemory.length > 0 ? withMemory : cards, note: null };
  return { cards: null, note: isAbout(info, cardsByBus) ? ambiguityNote(info, cardsByBus, visible) : null };
}

/** Whether these cards can be meant at all. CUDA runs only on NVIDIA's; under Vulkan a device may be one that nobody here reads. */
function isAbout(info: EngineInfo, cards: readonly GpuCard[]): boolean {
  if (info.backend === "cuda" && cards.some(({ vendor }) => vendor === "nvidia")) return true;
  return info.devices.every(device => candidates(device, info.devices, cards).length > 0);
}

function ambiguityNote(
  { devices, deviceTotalBytes }: EngineInfo,
  cards: readonly GpuCard[],
  { cuda }: VisibleDevices,
): string {
  const counted = deviceTotalBytes === undefined ? "" : ` with ${formatGib(deviceTotalBytes)} in all`;
  const known = cards.map(({ name, memory }) => (memory === null ? name : `${name} (${formatGib(memory.totalBytes)})`));
  const part = /\bMIG-/i.test(cuda ?? "") ? " A part of a card (MIG) has no reading of its own." : "";
  return `llama.cpp uses ${devices.join(", ")}${counted}; this computer has ${known.join(", ")}. Which of them is used cannot be told, so llama.cpp's own figures are planned with.${part}`;
}
