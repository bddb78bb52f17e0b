import { describe, expect, it } from "vitest";
import { customCard, whatIfCards, whatIfGpu } from "@/lib/plan/cards/what-if-cards";
import type { ModelPickAnswer, ModelPicks } from "@/lib/schema/models/model-picks";
import { foundTitle, missingWords, picksTitle } from "./pick-words";

const answer = (gpu: ModelPicks["gpu"], count = 3) =>
  ({ gpu, picks: new Array<ModelPickAnswer>(count), missing: [] }) as unknown as ModelPicks;

describe("the first screen's title", () => {
  it("names the card by its memory, as the box does", () => {
    // nvidia-smi gives an RTX 4060 of 8 GiB 8,188 MiB.
    expect(foundTitle(answer(whatIfGpu(customCard(8188))))).toBe("8 GiB card found. These three run well on it");
    expect(foundTitle(answer(whatIfGpu(customCard(24_564)), 2))).toBe("24 GiB card found. These two run well on it");
  });

  it("names a card by its name where it has no memory of its own", () => {
    const apple = whatIfCards.find(({ name }) => name === "Apple M-series, 16 GB");
    expect(apple && foundTitle(answer(whatIfGpu(apple)))).toBe(
      "Apple M-series, 16 GB found. These three run well on it",
    );
  });

  it("counts several cards, and names them where all have one name", () => {
    const two = { ...whatIfGpu(customCard(24_576)), source: "nvidia-smi" as const, cards: new Array(2) };
    const alike = answer({ ...two, name: "2 × NVIDIA GeForce RTX 3060" });
    expect(foundTitle(alike)).toBe("2 cards with 24 GiB found. These three run well on them");
    expect(picksTitle(alike)).toBe("Three models that run well on your 2 × RTX 3060");
    const mixed = answer({ ...two, name: "2 cards together: Quadro P4000, NVIDIA GeForce RTX 3090" });
    expect(picksTitle(mixed)).toBe("Three models that run well on your 2 cards");
  });

  it("says that no card was found", () => {
    expect(foundTitle(answer(null))).toBe("These three run well on this computer's CPU");
    expect(foundTitle(answer(null, 0))).toBe("None of the list runs well on this computer's CPU");
  });
});

it("files that the hub does not have are named, with the reason of the first", () => {
  const gone = { code: "MODEL_NOT_FOUND", message: "huggingface.co has no Qwen/Qwen3-8B-GGUF." } as const;
  const missing = [{ name: "Qwen3 8B", quantization: "Q4_K_M", problem: gone }];
  expect(missingWords({ ...answer(null), missing })).toBe(
    " Left out: Qwen3 8B Q4_K_M. huggingface.co has no Qwen/Qwen3-8B-GGUF.",
  );
  expect(missingWords(answer(null))).toBe("");
});
