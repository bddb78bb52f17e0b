import type { GpuBackend, GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { MIB } from "@/lib/units/bytes";
import { CAUTIOUS_OVERHEAD_BYTES } from "./learn-overhead";

/** A card that this computer does not have, with the memory that programs really get. On most cards that is less than the box says. */
export interface WhatIfCard {
  readonly name: string;
  readonly backend: Exclude<GpuBackend, "none">;
  readonly kind: GpuMemory["kind"];
  readonly totalMib: number;
}

const nvidia = (name: string, totalMib: number): WhatIfCard => ({ name, backend: "cuda", kind: "dedicated", totalMib });
const radeon = (name: string, totalMib: number): WhatIfCard => ({
  name,
  backend: "vulkan",
  kind: "dedicated",
  totalMib,
});
const apple = (name: string, totalMib: number): WhatIfCard => ({ name, backend: "metal", kind: "shared", totalMib });

/**
 * Common cards, least memory first.
 * Sources: NVIDIA, the total that nvidia-smi prints, as in public logs (data-centre cards with ECC on). Radeon, the device size that
 * llama.cpp's Vulkan backend prints. Apple, Metal's recommendedMaxWorkingSetSize as llama.cpp prints it in decimal megabytes
 * (16 GB: 11453.25, 18 GB: 14302.25, 32 GB: 26800.60, 36 GB: 30150.67): what the system lets one program keep resident.
 */
export const whatIfCards: readonly WhatIfCard[] = [
  nvidia("GeForce RTX 4060", 8188),
  nvidia("GeForce RTX 3070", 8192),
  nvidia("Quadro P4000", 8192),
  nvidia("GeForce RTX 3080", 10_240),
  apple("Apple M-series, 16 GB", 10_922),
  nvidia("GeForce RTX 2080 Ti", 11_264),
  nvidia("GeForce RTX 5070", 12_227),
  nvidia("GeForce RTX 4070", 12_282),
  nvidia("GeForce RTX 3060", 12_288),
  apple("Apple M-series Pro, 18 GB", 13_639),
  nvidia("Tesla T4", 15_360),
  nvidia("GeForce RTX 5080", 16_303),
  nvidia("GeForce RTX 5060 Ti 16 GB", 16_311),
  radeon("Radeon RX 6900 XT", 16_368),
  nvidia("GeForce RTX 4080", 16_376),
  nvidia("L4", 23_034),
  radeon("Radeon RX 7900 XTX", 24_560),
  nvidia("GeForce RTX 4090", 24_564),
  nvidia("GeForce RTX 3090", 24_576),
  apple("Apple M-series, 32 GB", 25_559),
  apple("Apple M-series Max, 36 GB", 28_753),
  nvidia("GeForce RTX 5090", 32_607),
  nvidia("L40S", 46_068),
  nvidia("RTX A6000", 49_140),
  nvidia("A100 80 GB", 81_920),
];

/** A card with known memory and nothing else. It is treated as an NVIDIA card, whose overhead is the largest. */
export const customCard = (totalMib: number): WhatIfCard =>
  nvidia(`an assumed ${Number((totalMib / 1024).toFixed(1))} GiB card`, totalMib);

/** The card as if it were in this computer, with this much of it used by others. Its overhead is the backend's cautious start. */
export function whatIfGpu(card: WhatIfCard, usedByOthersBytes = 0): GpuMemory {
  const totalBytes = card.totalMib * MIB;
  const usedBytes = Math.min(usedByOthersBytes, totalBytes);
  return {
    name: card.name,
    backend: card.backend,
    kind: card.kind,
    totalBytes,
    usedByOthersBytes: usedBytes,
    heldByEngineBytes: 0,
    freeBytes: totalBytes - usedBytes,
    overhead: { bytes: CAUTIOUS_OVERHEAD_BYTES[card.backend], source: "cautious", samples: 0, spreadBytes: 0 },
    // The addon is for Linux so far; on a Mac there is nothing to gain, because both read the same memory.
    placesExperts: card.backend !== "metal",
    source: "assumed",
  };
}
