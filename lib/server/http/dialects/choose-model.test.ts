import { describe, expect, it } from "vitest";
import type { EngineState } from "@/lib/schema/live-events";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { ShortMemoryError } from "@/lib/server/planning/memory-guard";
import { chooseModel, type NamedModels } from "./choose-model";

const PRESENT = "present.gguf";
const library = [PRESENT, "big/other.gguf", "third.gguf", "embed.gguf"];

/** A library of three that answer, of which the first is loaded, and of one that makes embeddings. Notes what was loaded instead. */
function rig(
  settings: Partial<Settings> = {},
  state: EngineState = "loaded",
  loadProblem: Error | null = null,
  tooLarge: string | null = null,
) {
  const loaded: string[] = [];
  let current: Settings = { ...defaultSettings, MODEL: PRESENT, ...settings };
  const named = {
    settings: {
      read: () => current,
      readFor: () => current,
      overrides: () => ({}),
      notice: () => null,
      patch: async (patch: Partial<Settings>) => {
        current = { ...current, ...patch };
        return current;
      },
    },
    models: {
      listModels: async () =>
        library.map(name => ({ name, profile: { role: name === "embed.gguf" ? "embedding" : "text" } })),
      resolveModel: async (name: string) => name,
      identify: async () => ({}),
    },
    host: {
      snapshot: () => ({ state, other: undefined }),
      apply: async ({ MODEL }: Settings) => {
        if (loadProblem) throw loadProblem;
        loaded.push(MODEL);
        return { cost: "model", plan: { gpuLayers: 0 } };
      },
    },
    planner: {
      ensureMemoryFor: async ({ MODEL }: Settings) => {
        if (MODEL === tooLarge)
          throw new ShortMemoryError("1 GiB too much for system memory.", "Choose a smaller model.");
      },
    },
  } as unknown as NamedModels;
  return { named, loaded };
}

describe("a model by its name", () => {
  it.each([null, "", PRESENT, "gpt-4o", "o3-mini", "text-embedding-3-small", "claude-sonnet-4-5", "default"])(
    "%j is answered by the model that is loaded",
    async asked => {
      const { named, loaded } = rig();
      await chooseModel(asked, named);
      expect(loaded).toEqual([]);
    },
  );

  it("another model of the library is loaded while nothing is answered", async () => {
    const { named, loaded } = rig();
    await chooseModel("big/other.gguf", named);
    expect(loaded).toEqual(["big/other.gguf"]);
  });

  it("waits its turn where an answer is written, unless requests may always change the model", async () => {
    const busy = rig({}, "generating");
    await expect(chooseModel("third.gguf", busy.named)).rejects.toMatchObject({ code: "BUSY", retryAfterSeconds: 10 });
    const always = rig({ API_MODEL_CHANGE: "always" }, "generating");
    await chooseModel("third.gguf", always.named);
    expect(always.loaded).toEqual(["third.gguf"]);
  });

  it("is refused where requests may not change the model", async () => {
    const { named, loaded } = rig({ API_MODEL_CHANGE: "never" });
    await expect(chooseModel("third.gguf", named)).rejects.toThrow(/third\.gguf is in the library, but present\.gguf/);
    expect(loaded).toEqual([]);
  });

  it("an unknown name is refused with those that there are, and answered where every name is", async () => {
    const { named } = rig();
    await expect(chooseModel("llama-9", named)).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: 'There is no model "llama-9" here. There are: present.gguf, big/other.gguf, third.gguf.',
    });
    await chooseModel("llama-9", rig({ API_ANY_NAME: "all" }).named);
    for (const builtIn of ["gpt-4o", "claude-sonnet-4-5", "local-model", "test"]) await chooseModel(builtIn, named);
    await expect(chooseModel("gpt-4o", rig({ API_ANY_NAME: "none" }).named)).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
  });

  it("a model that system memory does not hold is refused in the same words as on the page, and nothing is saved", async () => {
    const { named, loaded } = rig({}, "loaded", null, "third.gguf");
    await expect(chooseModel("third.gguf", named)).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      message: "1 GiB too much for system memory.",
      next: "Choose a smaller model.",
    });
    expect([loaded, named.settings.read().MODEL]).toEqual([[], PRESENT]);
  });

  it("a load that fails is told in its own words", async () => {
    const failure = Object.assign(new Error("It needs 90 GiB."), { code: "OUT_OF_MEMORY" });
    await expect(chooseModel("third.gguf", rig({}, "loaded", failure).named)).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      message: "It needs 90 GiB.",
    });
  });
});
