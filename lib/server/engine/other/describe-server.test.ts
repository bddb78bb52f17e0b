import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { json, StandInOpenAi } from "@/lib/server/testing/stand-ins/stand-in-openai";
import { describeServer } from "./describe-server";
import { loadFromMetrics, readLoad } from "./read-load";

let server: StandInOpenAi;
beforeEach(async () => {
  server = await StandInOpenAi.start();
});
afterEach(() => server.stop());
const here = () => ({ name: "box", address: server.address, key: null });

describe("what a server is", () => {
  it("is llama.cpp's by its owner's name, with the context of a slot", async () => {
    server.on("/v1/models", json({ data: [{ id: "qwen.gguf", owned_by: "llamacpp", meta: { n_ctx_train: 32768 } }] }));
    server.on(
      "/props",
      json({ default_generation_settings: { n_ctx: 2048 }, total_slots: 2, modalities: { vision: true } }),
    );
    expect(await describeServer(here())).toEqual({
      kind: "llama-server",
      models: [{ id: "qwen.gguf", contextTokens: 2048, takesPictures: true }],
    });
  });

  it("is Ollama, whose context is known once the model runs; models that make embeddings are left out", async () => {
    server.on(
      "/v1/models",
      json({
        data: [
          { id: "llama3:8b", owned_by: "library" },
          { id: "qwen3", owned_by: "library" },
          { id: "nomic-embed-text", owned_by: "library" },
        ],
      }),
    );
    server.on("/api/ps", json({ models: [{ name: "llama3:8b", context_length: 8192, size_vram: 5_000_000_000 }] }));
    server.on("/api/show", (response, body) =>
      json({ capabilities: ["completion", ...((body as { model: string }).model === "qwen3" ? ["vision"] : [])] })(
        response,
        body,
      ),
    );
    expect(await describeServer(here())).toEqual({
      kind: "ollama",
      models: [
        { id: "llama3:8b", contextTokens: 8192, takesPictures: false },
        { id: "qwen3", contextTokens: null, takesPictures: true },
      ],
    });
    expect(await readLoad(here(), "ollama", "llama3:8b")).toMatchObject({ vramBytes: 5_000_000_000, running: null });
  });

  it("is LM Studio, with the context that the model was loaded with", async () => {
    server.on("/v1/models", json({ data: [{ id: "gemma", owned_by: "organization_owner" }] }));
    server.on(
      "/api/v0/models",
      json({ data: [{ id: "gemma", type: "vlm", loaded_context_length: 4096, max_context_length: 131072 }] }),
    );
    expect(await describeServer(here())).toEqual({
      kind: "lm-studio",
      models: [{ id: "gemma", contextTokens: 4096, takesPictures: true }],
    });
  });

  it.each([
    [{ architecture: { input_modalities: ["text", "image"] } }, true],
    [{ architecture: { input_modalities: ["text"] } }, false],
    [{ capabilities: { vision: true } }, true],
    [{ modalities: { vision: true } }, true],
    [{ capabilities: ["completion"] }, false],
    [{}, false],
  ])("reads pictures where its list says so: %j is %s", async (fields, takesPictures) => {
    server.on("/v1/models", json({ data: [{ id: "m", owned_by: "vllm", max_model_len: 4096, ...fields }] }));
    expect((await describeServer(here())).models).toEqual([{ id: "m", contextTokens: 4096, takesPictures }]);
  });

  it("is no server with OpenAI's API when it sends a page", async () => {
    server.on("/v1/models", response => void response.end("<!doctype html>"));
    await expect(describeServer(here())).rejects.toMatchObject({ code: "ENGINE_AWAY" });
  });
});

describe("what a server tells of its load", () => {
  it("is read from vLLM's metrics, added over its engines", () => {
    // Names and form: docs.vllm.ai, "Production Metrics".
    const text = `# HELP vllm:num_requests_running Number of requests
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a"} 2.0
vllm:num_requests_running{engine="1",model_name="a"} 1.0
vllm:num_requests_waiting{engine="0",model_name="a"} 4.0
vllm:kv_cache_usage_perc{engine="0",model_name="a"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="a"} 0.5
`;
    expect(loadFromMetrics(text)).toMatchObject({ running: 3, waiting: 4, kvUsedFraction: 0.5, tokensPerSecond: null });
  });

  // Names: llama.cpp tools/server/server-task.cpp, to_metrics; docs.sglang.ai, "Production Metrics".
  it.each([
    [
      "llamacpp:requests_processing 2\nllamacpp:requests_deferred 3\nllamacpp:predicted_tokens_seconds 21.5\n",
      null,
      21.5,
    ],
    [
      'sglang:num_running_reqs{model_name="a"} 2.0\nsglang:num_queue_reqs{model_name="a"} 3.0\nsglang:token_usage{model_name="a"} 0.28\nsglang:gen_throughput{model_name="a"} 86.5\n',
      0.28,
      86.5,
    ],
  ])("is read from the metrics of other servers", (text, kvUsedFraction, tokensPerSecond) => {
    expect(loadFromMetrics(text)).toMatchObject({ running: 2, waiting: 3, kvUsedFraction, tokensPerSecond });
  });

  it("is read from the slots of llama.cpp's server where its metrics are off", async () => {
    server.on(
      "/slots",
      json([
        { id: 0, is_processing: true, n_ctx: 2048, n_prompt_tokens: 512 },
        { id: 1, is_processing: false, n_ctx: 2048, n_prompt_tokens: 47 },
        { id: 2, is_processing: false, n_ctx: 2048 },
      ]),
    );
    expect(await readLoad(here(), "llama-server", "a")).toMatchObject({
      slots: 3,
      running: 1,
      waiting: null,
      fullestSlotFraction: 0.25,
    });
  });

  it("is nothing where it tells nothing", async () => {
    expect(loadFromMetrics("process_cpu_seconds_total 12\n")).toBeNull();
    expect(await readLoad(here(), "vllm", "a")).toBeNull();
  });
});
