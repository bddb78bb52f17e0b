/**
 * Keys that llama.cpp requires for each architecture; without one it fails with "key not found in model". Each entry has the
 * architectures, then their keys, separated by spaces. In a file, a key follows the architecture's name (`llama.attention.layer_norm_rms_epsilon`).
 *
 * Source: the release that node-llama-cpp 3.22.1 bundles, the unconditional `ml.get_key(...)` without `false` in each `load_arch_hparams`.
 * @see llama.cpp src/models/*.cpp
 */
const table: readonly (readonly [architectures: string, keys: string])[] = [
  [
    "arcee arctic baichuan bitnet chameleon chatglm cogvlm deci dflash dream ernie4_5 ernie4_5-moe eurobert exaone exaone4 gemma gemma2 gemma3 glm4 grok hunyuan-dense hunyuan_vl internlm2 llada llada-moe llama llama-embed maincoder minicpm mistral3 nanbeige neo-bert olmo2 olmoe openelm paddleocr pangu-embedded phi3 phimoe plamo plamo3 qwen qwen2 qwen2moe qwen3 qwen3moe refact rnd1 seed_oss smallthinker smollm3 xverse",
    "attention.layer_norm_rms_epsilon",
  ],
  [
    "bert bloom codeshell command-r falcon gpt2 jais jais2 jina-bert-v2 jina-bert-v3 modern-bert mpt nemotron nomic-bert olmo orion phi2 pockettts stablelm starcoder starcoder2",
    "attention.layer_norm_epsilon",
  ],
  [
    "afmoe bailingmoe deepseek deepseek2-ocr dots1 glm4moe",
    "attention.layer_norm_rms_epsilon expert_feed_forward_length expert_shared_count",
  ],
  [
    "falcon-h1 granitehybrid mamba2 plamo2 qwen3next",
    "attention.layer_norm_rms_epsilon ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank",
  ],
  ["hunyuan-moe hy_v3 mellum minimax-m2", "attention.layer_norm_rms_epsilon expert_feed_forward_length"],
  ["gemma-embedding gemma3n spark2_5", "attention.layer_norm_rms_epsilon attention.sliding_window"],
  ["gpt-oss mimo2 step35", "attention.layer_norm_rms_epsilon attention.sliding_window expert_feed_forward_length"],
  ["granite granitemoe talkie", "attention.layer_norm_rms_epsilon logit_scale"],
  ["qwen3tts qwen3vl qwen3vlmoe", "attention.layer_norm_rms_epsilon rope.dimension_sections"],
  [
    "arwkv7 rwkv7",
    "attention.decay_lora_rank attention.iclr_lora_rank attention.value_residual_mix_lora_rank wkv.head_size",
  ],
  [
    "deepseek2 mistral4",
    "attention.kv_lora_rank attention.layer_norm_rms_epsilon expert_feed_forward_length expert_shared_count",
  ],
  [
    "nemotron_h nemotron_h_moe",
    "attention.layer_norm_epsilon ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank",
  ],
  ["t5 t5encoder", "attention.layer_norm_rms_epsilon attention.relative_buckets_count"],
  ["granite_swa muse-glimmer", "attention.layer_norm_rms_epsilon attention.sliding_window logit_scale"],
  [
    "qwen35 qwen35moe",
    "attention.layer_norm_rms_epsilon rope.dimension_sections ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank",
  ],
  ["jamba mamba", "attention.layer_norm_rms_epsilon ssm.conv_kernel ssm.inner_size ssm.state_size ssm.time_step_rank"],
  ["rwkv6 rwkv6qwen2", "time_decay_extra_dim time_mix_extra_dim wkv.head_size"],
  [
    "kimi-k3",
    "activation.situ_beta activation.situ_linear_beta attention.key_length_mla attention.kv_lora_rank attention.layer_norm_rms_epsilon attention.value_length_mla attn_res.block_size expert_feed_forward_length expert_gating_func expert_shared_count kda.head_dim ssm.conv_kernel",
  ],
  ["graniteswitch", "adapters.count adapters.lora_rank attention.layer_norm_rms_epsilon logit_scale"],
  ["dbrx", "attention.clamp_kqv attention.layer_norm_epsilon"],
  [
    "deepseek4",
    "attention.compress_rope_freq_base attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k attention.layer_norm_rms_epsilon attention.output_group_count attention.output_lora_rank attention.q_lora_rank attention.sliding_window expert_feed_forward_length expert_gating_func expert_shared_count expert_weights_norm expert_weights_scale hash_layer_count hyper_connection.count hyper_connection.epsilon hyper_connection.sinkhorn_iterations swiglu_clamp_exp",
  ],
  ["wavtokenizer-dec", "attention.group_norm_epsilon attention.group_norm_groups attention.layer_norm_epsilon"],
  [
    "minimax-m3",
    "attention.indexer.block_size attention.indexer.head_count attention.indexer.key_length attention.indexer.local_blocks attention.indexer.top_k attention.layer_norm_rms_epsilon expert_feed_forward_length expert_gating_func expert_shared_count",
  ],
  [
    "dots3note",
    "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k attention.key_length_mla attention.key_length_mla_swa attention.kv_lora_rank attention.kv_lora_rank_swa attention.layer_norm_rms_epsilon attention.q_lora_rank attention.sliding_window attention.value_length_mla attention.value_length_mla_swa expert_feed_forward_length expert_gating_func expert_shared_count leading_dense_block_count rope.freq_base_swa",
  ],
  [
    "deepseek32",
    "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k attention.kv_lora_rank attention.layer_norm_rms_epsilon attention.q_lora_rank expert_feed_forward_length expert_gating_func expert_shared_count",
  ],
  [
    "glm-dsa",
    "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k attention.kv_lora_rank attention.layer_norm_rms_epsilon attention.q_lora_rank expert_feed_forward_length expert_shared_count",
  ],
  [
    "qwen4exp",
    "attention.indexer.head_count attention.indexer.key_length attention.indexer.top_k attention.layer_norm_rms_epsilon hyper_connection.count hyper_connection.low_rank rope.dimension_sections ssm.conv_kernel ssm.group_count ssm.inner_size ssm.state_size ssm.time_step_rank",
  ],
  [
    "hy_v4",
    "attention.key_length_mla attention.kv_lora_rank attention.layer_norm_rms_epsilon attention.q_lora_rank attention.value_length_mla expert_feed_forward_length expert_shared_count hyper_connection.count hyper_connection.epsilon hyper_connection.magnitude",
  ],
  [
    "bailingmoe3",
    "attention.key_length_mla attention.kv_lora_rank attention.layer_norm_rms_epsilon attention.value_length_mla expert_feed_forward_length expert_gating_func expert_shared_count kda.gate_lower_bound kda.head_dim leading_dense_block_count ssm.conv_kernel",
  ],
  [
    "kimi-linear",
    "attention.key_length_mla attention.kv_lora_rank attention.layer_norm_rms_epsilon attention.value_length_mla expert_feed_forward_length expert_gating_func expert_shared_count kda.head_dim ssm.conv_kernel",
  ],
  [
    "gemma4-assistant",
    "attention.key_length_swa attention.layer_norm_rms_epsilon attention.sliding_window attention.value_length_swa",
  ],
  [
    "gemma4",
    "attention.key_length_swa attention.layer_norm_rms_epsilon attention.sliding_window attention.value_length_swa embedding_length_per_layer_input",
  ],
  ["plm", "attention.kv_lora_rank attention.layer_norm_rms_epsilon"],
  ["minicpm3", "attention.kv_lora_rank attention.layer_norm_rms_epsilon attention.q_lora_rank"],
  ["cohere2", "attention.layer_norm_epsilon attention.sliding_window logit_scale"],
  ["nomic-bert-moe", "attention.layer_norm_epsilon moe_every_n_layers"],
  ["gptneox", "attention.layer_norm_epsilon use_parallel_residual"],
  [
    "exaone-moe",
    "attention.layer_norm_rms_epsilon attention.sliding_window expert_feed_forward_length expert_gating_func",
  ],
  ["maple", "attention.layer_norm_rms_epsilon attention.sliding_window expert_feed_forward_length swiglu_clamp_exp"],
  ["bailingmoe2", "attention.layer_norm_rms_epsilon expert_feed_forward_length expert_gating_func expert_shared_count"],
  ["lfm2moe", "attention.layer_norm_rms_epsilon expert_feed_forward_length expert_gating_func shortconv.l_cache"],
  ["grovemoe", "attention.layer_norm_rms_epsilon expert_feed_forward_length expert_group_scale experts_per_group"],
  ["llama4", "attention.layer_norm_rms_epsilon expert_feed_forward_length interleave_moe_layer_step"],
  ["laguna", "attention.layer_norm_rms_epsilon expert_feed_forward_length leading_dense_block_count"],
  ["hrm_text", "attention.layer_norm_rms_epsilon hrm.h_cycles hrm.l_cycles hrm.layers_per_stack"],
  ["minimax-01", "attention.layer_norm_rms_epsilon residual_scale"],
  ["lfm2", "attention.layer_norm_rms_epsilon shortconv.l_cache"],
  ["eagle3", "attention.layer_norm_rms_epsilon target_hidden_size"],
  ["apertus", "attention.layer_norm_rms_epsilon xielu.alpha_n xielu.alpha_p xielu.beta xielu.eps"],
  ["cohere2moe", "attention.sliding_window expert_feed_forward_length leading_dense_block_count logit_scale"],
  ["qwen2vl", "rope.dimension_sections"],
];

const byArchitecture: ReadonlyMap<string, readonly string[]> = new Map(
  table.flatMap(([architectures, keys]) => architectures.split(" ").map(name => [name, keys.split(" ")] as const)),
);

export const requiredKeys = (architecture: string): readonly string[] => byArchitecture.get(architecture) ?? [];
