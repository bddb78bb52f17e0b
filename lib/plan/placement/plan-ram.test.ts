import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { GIB, MIB } from "@/lib/units/bytes";
import { withSequences } from "../memory/memory-need";
import { contextArbitrary, gpuArbitrary, kvTypeArbitrary, surfaceArbitrary } from "../testing/surface-arbitrary";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { betterPlacements, choosePlacement, placementFits } from "./choose-placement";
import { planLayers } from "./plan-layers";
import { planRam, ramUsedByOthers, ramWarnings, wouldSwap } from "./plan-ram";

const onCpu = planLayers(mistralSurface, null, planSettings());
const memory = (availableGib: number) => ({ totalBytes: 16 * GIB, availableBytes: availableGib * GIB });
const computer = (availableGib: number, useMmap = true) => ({ memory: memory(availableGib), useMmap });
// Weights 4,108,181,504; KV 32 * 16 MiB; compute 109,064,192 as at full offload; 32,000 logits of 4 bytes, and 16 times those for
// guessed tokens: 4,756,292,608 bytes, 648 MB of them locked.

describe("system memory without a GPU", () => {
  it("holds weights, KV cache and the whole compute buffer", () => {
    const ram = planRam(onCpu, null, computer(12));
    expect([ram.needBytes, ram.lockedBytes]).toEqual([4_756_292_608, 648_111_104]);
    expect([ram.outcome, ramWarnings(ram)]).toEqual(["fits", []]);
  });

  it("warns that mapped weights would be read again, before it warns of swapping", () => {
    expect(planRam(onCpu, null, computer(4)).outcome).toBe("rereads");
    expect(planRam(onCpu, null, computer(0.5)).outcome).toBe("swaps");
    expect(planRam(onCpu, null, computer(4, false)).outcome).toBe("swaps");
  });

  it("says what is needed and what there is", () => {
    // 4,756,292,608 bytes are 4.43 GiB, and 440 MiB more than 4 GiB.
    expect(ramWarnings(planRam(onCpu, null, computer(4, false)))).toEqual([
      {
        code: "ram-short",
        message:
          "440 MiB too much for system memory: 4.43 GiB is needed and 4.00 GiB is available. " +
          "The computer would swap and become very slow, or end programs.",
      },
    ]);
  });

  it("has room for a draft model beside the model", () => {
    const beside = (bytes: number) =>
      planRam(onCpu, null, {
        memory: { ...memory(5), beside: [{ kind: "draft", name: "small.gguf", bytes }] },
        useMmap: true,
      }).outcome;
    // 5 GiB are 612,416,512 bytes more than the model needs.
    expect([beside(612_416_512), beside(612_416_513)]).toEqual(["fits", "rereads"]);
  });

  it("names what takes a part of the memory beside the model", () => {
    const beside = [
      { kind: "pictures" as const, name: "mmproj.gguf", bytes: 600 * MIB },
      { kind: "draft" as const, name: "small.gguf", bytes: 88 * MIB },
    ];
    const ram = planRam(onCpu, null, { memory: { ...memory(5), beside }, useMmap: false });
    // 5 GiB without 688 MiB are 4.33 GiB, and 104 MiB less than 4.43.
    expect(ramWarnings(ram)[0]?.message).toMatch(
      /^104 MiB too much for system memory: 4\.43 GiB is needed and 4\.33 GiB is available without 600 MiB for the picture reader mmproj\.gguf and 88 MiB for the draft model small\.gguf\. /,
    );
  });

  it("gives back what our own engine holds", () => {
    const held = { ...memory(3), heldByEngineBytes: 2 * GIB };
    expect(planRam(onCpu, null, { memory: held, useMmap: true }).outcome).toBe("fits");
  });
});

describe("a GPU that shares system memory", () => {
  const plan = planLayers(mistralSurface, p4000, planSettings());

  it("counts both halves of the plan, where a card of its own counts one", () => {
    const own = planRam(plan, p4000, computer(8));
    const shared = planRam(plan, { ...p4000, kind: "shared" }, computer(8));
    expect([own.sharedWithGpu, shared.sharedWithGpu]).toEqual([false, true]);
    // 16 guessed tokens, each with 32,000 logits of 4 bytes.
    expect(own.needBytes).toBe(plan.ram.totalBytes + 2_048_000);
    expect(shared.needBytes).toBe(plan.ram.totalBytes + 2_048_000 + plan.predicted.totalBytes);
  });

  it("cannot drop what is on the GPU, mapped or not", () => {
    const shared = planRam(plan, { ...p4000, kind: "shared" }, computer(2));
    expect(shared.outcome).toBe("swaps");
  });
});

it("others hold what is in use and not our engine's, whichever model is planned", () => {
  // 16 GiB, 9 of them available; the loaded model gives back 5.1: others have 1.9.
  expect(ramUsedByOthers({ ...memory(9), heldByEngineBytes: 5.1 * GIB })).toBeCloseTo(1.9 * GIB, -3);
  expect(ramUsedByOthers(memory(9))).toBe(7 * GIB);
  expect(ramUsedByOthers({ ...memory(16), heldByEngineBytes: GIB })).toBe(0);
});

describe("laws of system memory as a budget", () => {
  /** One card, or its memory as two. */
  const cardsArbitrary = fc
    .tuple(gpuArbitrary, fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([gpu, isTwo, share]): GpuMemory => {
      const card = (part: number) => ({
        name: gpu.name,
        totalBytes: Math.round(gpu.totalBytes * part),
        freeBytes: Math.round(gpu.freeBytes * part),
        heldByEngineBytes: Math.round(gpu.heldByEngineBytes * part),
      });
      const cards = [
        { ...card(share), position: 0 },
        { ...card(1 - share), position: 1 },
      ];
      return isTwo ? { ...gpu, cards } : gpu;
    });
  const caseArbitrary = fc
    .record({
      surface: surfaceArbitrary,
      gpu: cardsArbitrary,
      kind: fc.constantFrom("dedicated" as const, "shared" as const),
      availableRamBytes: fc.integer({ min: 0, max: 8 * GIB }),
      N_CTX: contextArbitrary,
      KV_CACHE_QUANT: kvTypeArbitrary,
      USE_MMAP: fc.boolean(),
      PARALLEL: fc.constantFrom(1, 3, "auto" as const),
    })
    .map(({ surface, gpu, kind, availableRamBytes, ...changes }) => ({
      surface: { ...surface, sequences: 1 },
      gpu: { ...gpu, kind, availableRamBytes, placesExperts: true, ramBytesPerSecond: 30e9 } satisfies GpuMemory,
      settings: planSettings(changes),
    }));

  it("an automatic plan swaps only where every number of layers that fits the card would", () => {
    fc.assert(
      fc.property(caseArbitrary, ({ surface, gpu, settings }) => {
        if (!wouldSwap(surface, gpu, settings, planLayers(surface, gpu, settings))) return;
        const sequences = settings.PARALLEL === "auto" ? 1 : settings.PARALLEL;
        const loaded = withSequences(surface, sequences);
        for (let LAYERS = 0; LAYERS <= surface.model.blocks + 1; LAYERS++) {
          const byHand = { ...settings, LAYERS, PARALLEL: sequences, KV_IN_RAM: false };
          if (LAYERS === 0 || placementFits(loaded, gpu, byHand, { gpuLayers: LAYERS }))
            expect(wouldSwap(loaded, gpu, settings, choosePlacement(loaded, gpu, byHand))).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("a cache that is kept in RAM by hand counts there for an automatic number of layers", () => {
    fc.assert(
      fc.property(caseArbitrary, ({ surface, gpu, settings }) => {
        const chosen = { ...settings, PARALLEL: 1, KV_IN_RAM: true };
        if (!wouldSwap(surface, gpu, chosen, choosePlacement(surface, gpu, chosen))) return;
        expect(wouldSwap(surface, gpu, chosen, { gpuLayers: 0 })).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it("nothing that would swap is called better than what does not", () => {
    fc.assert(
      fc.property(caseArbitrary, fc.boolean(), ({ surface, gpu, settings }, KV_IN_RAM) => {
        const wished = { ...settings, KV_IN_RAM };
        const chosen = choosePlacement(surface, gpu, wished);
        if (wouldSwap(surface, gpu, wished, chosen)) return;
        for (const better of betterPlacements(surface, gpu, wished, chosen, 0.3))
          expect(wouldSwap(surface, gpu, wished, better)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("weights that are mapped from the file may be more than there is: they are page cache", () => {
    const gpu = { ...p4000, availableRamBytes: 1 * GIB };
    // Without the card, weights 4,108,181,504 and 646 MB beside them.
    expect(wouldSwap(mistralSurface, gpu, planSettings(), { gpuLayers: 0 })).toBe(false);
    expect(wouldSwap(mistralSurface, gpu, planSettings({ USE_MMAP: false }), { gpuLayers: 0 })).toBe(true);
    expect(wouldSwap(mistralSurface, { ...gpu, availableRamBytes: 0.5 * GIB }, planSettings(), { gpuLayers: 0 })).toBe(
      true,
    );
  });
});
