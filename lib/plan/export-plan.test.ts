import { describe, expect, it } from "vitest";
import { type ExportedPlan, exportPlan, settingsForFormat } from "./export-plan";
import { planSettings } from "./testing/surface-fixtures";

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
    expect(exportPlan("koboldcpp", mixed)).toContain("--quantkv 1");
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

  it("KoboldCpp gets its own number of the cache's type, and experts by block", () => {
    expect(exportPlan("koboldcpp", experts)).toContain("--gpulayers 33 --moecpu 16");
    expect(exportPlan("koboldcpp", experts)).toContain("--quantkv 1");
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

  it("whole layers are planned for a program that cannot keep experts in RAM", () => {
    const settings = planSettings();
    expect(settingsForFormat("ollama", settings).EXPERTS_IN_RAM).toBe(0);
    expect(settingsForFormat("llama-server", settings).EXPERTS_IN_RAM).toBe("auto");
  });
});
