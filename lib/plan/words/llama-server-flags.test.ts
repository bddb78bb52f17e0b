import { expect, test } from "vitest";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { llamaServerFlags } from "./llama-server-flags";

const config: LoadConfig = {
  modelPath: "/models/a.gguf",
  gpuLayers: 33,
  contextTokens: 8192,
  batchTokens: 512,
  sequences: 2,
  kvType: "q8_0",
  flashAttention: "on",
  threads: 6,
  useMmap: true,
};

// Names of the flags: llama.cpp common/arg.cpp of the release that node-llama-cpp bundles. Its server divides -c among the sequences.
test("whole layers need no flags for experts, cards or the cache", () => {
  expect(llamaServerFlags(config).join(" ")).toBe(
    "-m /models/a.gguf -ngl 33 -c 16384 -np 2 -b 512 -ub 512 -ctk q8_0 -ctv q8_0 -fa on -t 6 --fit off --cache-ram 0",
  );
});

test("a placement says where experts, layers and the cache are", () => {
  const placed = llamaServerFlags({
    ...config,
    expertBlocksInRam: 12,
    tensorSplit: [20, 13],
    kvInRam: true,
    useMmap: false,
  });
  expect(placed.join(" ")).toContain("-ngl 33 --n-cpu-moe 12 -ts 20,13 --no-kv-offload -c");
  expect(placed.join(" ")).toContain("--load-mode none");
});

test("a block whose experts are in RAM in part is named by its matrices", () => {
  const flags = (expertBlocksInRam: number, borderExpertsOnGpu = "gate+up of 31") =>
    llamaServerFlags({ ...config, expertBlocksInRam, borderExpertsOnGpu }).join(" ");
  expect(flags(12)).toContain("-ngl 33 --n-cpu-moe 11 -ot blk\\.31\\.ffn_(down|gate_up)_(ch|)exps=CPU -c");
  expect(flags(1)).toContain("-ngl 33 -ot blk\\.31\\.ffn_(down|gate_up)_(ch|)exps=CPU -c");
  expect(flags(1, "gate+up only of 31")).toContain(
    "-ot blk\\.31\\.ffn_(down|gate_up)(_(ch|)exps|(_inp|)(_shexp|))\\.=CPU -c",
  );
});

test("a picture reader comes with the tokens of a picture, and stays in RAM where no layer is on the card", () => {
  const files = { picturesPath: "/models/mmproj.gguf" };
  // A quarter of 8,192.
  expect(llamaServerFlags(config, files).slice(-4)).toEqual([
    "--mmproj",
    "/models/mmproj.gguf",
    "--image-max-tokens",
    "2048",
  ]);
  expect(llamaServerFlags({ ...config, gpuLayers: 0 }, files)).toContain("--no-mmproj-offload");
});

test("a draft model is on the card where the model is", () => {
  const files = { draftPath: "/models/small.gguf" };
  expect(llamaServerFlags(config, files).slice(-8).join(" ")).toBe(
    "-md /models/small.gguf --spec-type draft-simple -ngld all --spec-draft-n-max 8",
  );
  expect(llamaServerFlags({ ...config, gpuLayers: 0 }, files).join(" ")).toContain("-ngld 0");
});
