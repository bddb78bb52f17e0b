import { describe, expect, it } from "vitest";
import { planSettings } from "../testing/surface-fixtures";
import { type ExportedPlan, exportPlan, settingsForFormat } from "./export-plan";

const GIB = 1024 ** 3;
const plan: ExportedPlan = {
  config: {
    modelPath: "/my models/it's.gguf",
    gpuLayers: 20,
    contextTokens: 8192,
    batchTokens: 512,
    sequences: 2,
    kvType: "q8_0",
    flashAttention: "auto",
    threads: 6,
    useMmap: false,
  },
  totalLayers: 33,
  targetVramUsage: 0.8,
  ramWeightsBytes: 1.2 * GIB,
};
const whole: ExportedPlan = { ...plan, config: { ...plan.config, gpuLayers: 33, kvType: "f16", useMmap: true } };
const experts: ExportedPlan = { ...plan, config: { ...plan.config, gpuLayers: 33, expertBlocksInRam: 16 } };

// The names of the settings come from each program's own documentation or types, read in November 2026: Ollama's Modelfile page,
// llama-cpp-python's Llama(), @lmstudio/sdk 2.0.0's LLMLoadModelConfig, KoboldCpp's command line, vLLM's engine arguments.
describe("a plan as settings of other programs", () => {
  it("quotes a path for the shell", () => {
    expect(exportPlan("llama-server", plan)).toMatch(/^llama-server -m '\/my models\/it'\\''s\.gguf' -ngl 20 /);
  });

  it("a cache with different types for K and V is said as such, or with the wider one where a program has one for both", () => {
    const mixed: ExportedPlan = { ...plan, config: { ...plan.config, kvType: "q8_0/q4_0" } };
    expect(exportPlan("llama-server", mixed)).toContain("-ctk q8_0 -ctv q4_0");
    expect(exportPlan("lmstudio", mixed)).toMatch(
      /KCacheQuantizationType": "q8_0",\s+"llamaVCacheQuantizationType": "q4_0"/,
    );
    // ggml's numbers: Q8_0 is 8, Q4_0 is 2
    expect(exportPlan("llama-cpp-python", mixed)).toMatch(/type_k=8,.*\n\s+type_v=2,/);
    expect(exportPlan("ollama", mixed)).toContain("OLLAMA_KV_CACHE_TYPE=q8_0");
    expect(exportPlan("koboldcpp", mixed)).toContain("--quantkv q8_0");
  });

  it("Ollama gets a Modelfile, and its cache's type from its environment", () => {
    const lines = exportPlan("ollama", plan).split("\n");
    expect(lines).toContain("FROM /my models/it's.gguf");
    expect(lines).toContain("PARAMETER num_gpu 20");
    expect(lines).toContain("PARAMETER num_ctx 8192");
    expect(lines).toContain("PARAMETER use_mmap false");
    expect(lines.join()).toContain("OLLAMA_KV_CACHE_TYPE=q8_0");
  });

  it("llama-cpp-python gets a call with ggml's number of the cache's type", () => {
    const code = exportPlan("llama-cpp-python", plan);
    expect(code).toContain('model_path="/my models/it\'s.gguf"');
    expect(code).toContain("n_gpu_layers=20,");
    // GGML_TYPE_Q8_0 = 8
    expect(code).toContain("type_k=8,");
    expect(code).toContain("use_mmap=False,");
  });

  it("LM Studio gets shares of 32 blocks", () => {
    // 20 / 32 = 0.625; 16 / 32 = 0.5.
    expect(exportPlan("lmstudio", plan)).toContain('"ratio": 0.625');
    expect(exportPlan("lmstudio", experts)).toContain('"numCpuExpertLayersRatio": 0.5');
    expect(exportPlan("lmstudio", experts)).toContain('"ratio": "max"');
    expect(exportPlan("lmstudio", whole)).toContain('"llamaKCacheQuantizationType": false');
  });

  it("KoboldCpp gets experts by block, a batch size that it takes, and no flag for what is on anyway", () => {
    expect(exportPlan("koboldcpp", experts)).toContain("--gpulayers 33 --moecpu 16");
    expect(exportPlan("koboldcpp", experts)).toContain("--quantkv q8_0");
    expect(exportPlan("koboldcpp", { ...plan, config: { ...plan.config, batchTokens: 1000 } })).toContain(
      "--batchsize 512",
    );
    expect(exportPlan("koboldcpp", whole)).not.toContain("flashattention");
    expect(exportPlan("koboldcpp", { ...plan, config: { ...plan.config, flashAttention: "off" } })).toContain(
      "--noflashattention",
    );
    expect(exportPlan("koboldcpp", whole)).not.toContain("--quantkv");
  });

  it("vLLM is told what cannot be done, and how many GiB stay in RAM", () => {
    // 1.2 GiB needs 2 whole ones.
    expect(exportPlan("vllm", plan)).toContain("--cpu-offload-gb 2");
    expect(exportPlan("vllm", plan)).toContain("# vLLM has no q8_0 cache");
    expect(exportPlan("vllm", whole).split("\n").at(-1)).toBe(
      "vllm serve '/my models/it'\\''s.gguf' --max-model-len 8192 --max-num-seqs 2 --gpu-memory-utilization 0.8",
    );
  });

  it.each([
    ["llama-server", {}],
    ["lmstudio", {}],
    ["ollama", { EXPERTS_IN_RAM: 0, KV_IN_RAM: false }],
    ["vllm", { EXPERTS_IN_RAM: 0, KV_IN_RAM: false }],
    ["llama-cpp-python", { EXPERTS_IN_RAM: 0, PARALLEL: 1 }],
    ["koboldcpp", { PARALLEL: 1 }],
  ] as const)("is planned for %s without what it cannot do: %j", (format, without) => {
    const settings = { ...planSettings(), KV_IN_RAM: true, PARALLEL: 4 } as const;
    expect(settingsForFormat(format, settings)).toEqual({ ...settings, ...without });
  });

  /** Everything that a plan can have. */
  const all: ExportedPlan = {
    ...experts,
    config: { ...experts.config, tensorSplit: [20, 13], kvInRam: true, flashAttention: "off" },
    beside: { picturesPath: "/models/mmproj.gguf", draftPath: "/models/draft.gguf" },
  };

  // The options as each program documents them: llama.cpp tools/server/README.md of the bundled release; Ollama's api.Options and its FAQ;
  // llama-cpp-python's Llama(); LLMLoadModelConfig of @lmstudio/sdk; koboldcpp --help of 1.112; vLLM's engine arguments.
  it.each([
    [
      "llama-server",
      / (--?[a-z][\w-]*)/g,
      "-m -ngl --n-cpu-moe -ot -ts --no-kv-offload -c -np -b -ub -ctk -ctv -fa -t --load-mode --fit --cache-ram --mmproj --image-max-tokens -md --spec-type -ngld --spec-draft-n-max",
    ],
    ["ollama", /^PARAMETER (\w+)/gm, "num_ctx num_batch num_gpu main_gpu use_mmap num_thread num_keep"],
    ["ollama", /(OLLAMA_\w+)/g, "OLLAMA_FLASH_ATTENTION OLLAMA_KV_CACHE_TYPE OLLAMA_NUM_PARALLEL"],
    [
      "llama-cpp-python",
      /^ {4}(\w+)=/gm,
      "model_path n_gpu_layers split_mode main_gpu tensor_split use_mmap n_ctx n_batch n_ubatch n_threads offload_kqv flash_attn type_k type_v",
    ],
    [
      "lmstudio",
      /"(\w+)":/g,
      "gpu ratio numCpuExpertLayersRatio mainGpu splitStrategy disabledGpus contextLength evalBatchSize flashAttention offloadKVCacheToGpu llamaKCacheQuantizationType llamaVCacheQuantizationType tryMmap maxParallelPredictions",
    ],
    [
      "koboldcpp",
      / (--[a-z_]+)/g,
      "--model --gpulayers --moecpu --tensor_split --lowvram --contextsize --batchsize --threads --noflashattention --quantkv --usemmap --mmproj --draftmodel --draftamount",
    ],
    [
      "vllm",
      / (--[a-z-]+)/g,
      "--max-model-len --max-num-seqs --gpu-memory-utilization --pipeline-parallel-size --tensor-parallel-size --cpu-offload-gb --kv-cache-dtype --tokenizer",
    ],
  ] as const)("names only what %s documents (%s)", (format, pattern, documented) => {
    for (const exported of [plan, whole, all]) {
      const used = [...exportPlan(format, exported).matchAll(pattern)].map(match => match[1]);
      expect(used.length).toBeGreaterThan(2);
      expect(documented.split(" ")).toEqual(expect.arrayContaining(used));
    }
  });
});
