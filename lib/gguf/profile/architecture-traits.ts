/** Which blocks attend only to a window of recent tokens. */
export interface WindowRule {
  /** Every n-th block is dense, the others are windowed; 0: all are windowed. `listed`: the header must list them. */
  readonly denseEvery: number | "listed";
  /** The dense block opens each group of n instead of closing it. */
  readonly denseFirst?: true;
  /** The window when the header names none. Without this value there is no window then. */
  readonly defaultTokens?: number;
  /** The window, whatever size the header names. A 0 in the header still means none. */
  readonly fixedTokens?: number;
  /** Only models with exactly this many blocks have a window. */
  readonly onlyWithBlocks?: number;
}

/**
 * Which blocks keep a recurrent state. `all`: every block, and none has attention. `beside-attention`: every block has both.
 * `without-kv-heads`: blocks with 0 KV heads. `bare`: blocks with 0 KV heads and no feed-forward.
 * A number n: all except every n-th block, unless the header lists them.
 */
export type RecurrentRule = "all" | "beside-attention" | "without-kv-heads" | "bare" | number;

export interface ArchitectureTraits {
  /** Default: text. */
  readonly role?: "embedding" | "projector" | "other";
  readonly window?: WindowRule;
  readonly recurrent?: RecurrentRule;
  /** Blocks from this one on reuse the cache of earlier ones. */
  readonly cachedBlocks?: number;
  /** No cache at all: the model reads its whole input at once. */
  readonly uncached?: true;
  /** The cache has parts that `BlockProfile.kv` cannot describe. */
  readonly kvClosedForm?: false;
}

const text: ArchitectureTraits = {};
const encoder: ArchitectureTraits = { role: "embedding", uncached: true };
const diffusion: ArchitectureTraits = { role: "other", uncached: true };
const indexed: ArchitectureTraits = { kvClosedForm: false };
const other: ArchitectureTraits = { role: "other", kvClosedForm: false };

/**
 * All architectures that the bundled llama.cpp can load, with the traits that decide their memory.
 * @see llama.cpp src/llama-arch.cpp (LLM_ARCH_NAMES), src/models/*.cpp (load_arch_hparams), src/llama-model.cpp (create_memory)
 */
export const architectureTraits: ReadonlyMap<string, ArchitectureTraits> = new Map(
  Object.entries({
    afmoe: { window: { denseEvery: 4 } },
    apertus: text,
    arcee: text,
    arctic: text,
    arwkv7: { recurrent: "all" },
    baichuan: text,
    bailingmoe: text,
    bailingmoe2: text,
    bailingmoe3: { recurrent: "without-kv-heads" },
    bert: encoder,
    bitnet: text,
    bloom: text,
    chameleon: text,
    chatglm: text,
    clip: { role: "projector", uncached: true },
    codeshell: text,
    cogvlm: text,
    cohere2: { window: { denseEvery: 4 } },
    cohere2moe: { window: { denseEvery: 4, denseFirst: true } },
    "command-r": text,
    dbrx: text,
    deci: text,
    deepseek: text,
    deepseek2: text,
    "deepseek2-ocr": text,
    deepseek32: indexed,
    deepseek4: indexed,
    dflash: other,
    dots1: text,
    dots3note: indexed,
    dream: diffusion,
    eagle3: other,
    ernie4_5: text,
    "ernie4_5-moe": text,
    eurobert: encoder,
    exaone: text,
    "exaone-moe": { window: { denseEvery: 4, defaultTokens: 128 } },
    exaone4: { window: { denseEvery: 4, defaultTokens: 4096, onlyWithBlocks: 64 } },
    falcon: text,
    "falcon-h1": { recurrent: "beside-attention" },
    gemma: text,
    "gemma-embedding": encoder,
    gemma2: { window: { denseEvery: 2, defaultTokens: 4096 } },
    gemma3: { window: { denseEvery: 6 } },
    gemma3n: { window: { denseEvery: 5 }, cachedBlocks: 20 },
    gemma4: { window: { denseEvery: "listed" } },
    "gemma4-assistant": other,
    "glm-dsa": indexed,
    glm4: text,
    glm4moe: text,
    "gpt-oss": { window: { denseEvery: 2 } },
    gpt2: text,
    gptj: text,
    gptneox: text,
    granite: text,
    granite_swa: { window: { denseEvery: "listed" } },
    granitehybrid: { recurrent: "without-kv-heads" },
    granitemoe: text,
    graniteswitch: indexed,
    grok: text,
    grovemoe: text,
    hrm_text: indexed,
    "hunyuan-dense": text,
    "hunyuan-moe": text,
    hunyuan_vl: text,
    hy_v3: text,
    hy_v4: indexed,
    internlm2: text,
    jais: text,
    jais2: text,
    jamba: { recurrent: "without-kv-heads" },
    "jina-bert-v2": encoder,
    "jina-bert-v3": encoder,
    "kimi-k3": { recurrent: "without-kv-heads" },
    "kimi-linear": { recurrent: "without-kv-heads" },
    laguna: { window: { denseEvery: 4, denseFirst: true } },
    lfm2: { recurrent: "without-kv-heads", window: { denseEvery: 0 } },
    lfm2moe: { recurrent: "without-kv-heads" },
    llada: diffusion,
    "llada-moe": diffusion,
    llama: text,
    "llama-embed": { role: "embedding" },
    llama4: { window: { denseEvery: 4, defaultTokens: 8192, fixedTokens: 8192 } },
    maincoder: text,
    mamba: { recurrent: "all" },
    mamba2: { recurrent: "all" },
    maple: { window: { denseEvery: "listed" } },
    mellum: { window: { denseEvery: 4 } },
    mimo2: { window: { denseEvery: "listed" } },
    minicpm: text,
    minicpm3: text,
    "minimax-01": { recurrent: 8 },
    "minimax-m2": text,
    "minimax-m3": indexed,
    mistral3: text,
    mistral4: text,
    "modern-bert": encoder,
    mpt: text,
    "muse-glimmer": { window: { denseEvery: 4 } },
    nanbeige: indexed,
    nemotron: text,
    nemotron_h: { recurrent: "bare" },
    nemotron_h_moe: { recurrent: "bare" },
    "neo-bert": encoder,
    "nomic-bert": encoder,
    "nomic-bert-moe": encoder,
    olmo: text,
    olmo2: { window: { denseEvery: 4 } },
    olmoe: text,
    openelm: text,
    orion: text,
    paddleocr: text,
    "pangu-embedded": text,
    phi2: text,
    // llama.cpp ignores the window that Phi-3 headers name.
    phi3: text,
    phimoe: text,
    plamo: text,
    plamo2: { recurrent: "without-kv-heads" },
    plamo3: { window: { denseEvery: 8 } },
    plm: text,
    pockettts: other,
    qwen: text,
    qwen2: text,
    qwen2moe: text,
    qwen2vl: text,
    qwen3: text,
    qwen35: { recurrent: 4 },
    qwen35moe: { recurrent: 4 },
    qwen3moe: text,
    qwen3next: { recurrent: 4 },
    qwen3tts: other,
    qwen3vl: text,
    qwen3vlmoe: text,
    qwen4exp: { recurrent: 4, kvClosedForm: false },
    refact: text,
    rnd1: diffusion,
    rwkv6: { recurrent: "all" },
    rwkv6qwen2: { recurrent: "all" },
    rwkv7: { recurrent: "all" },
    seed_oss: text,
    smallthinker: { window: { denseEvery: 4, denseFirst: true, fixedTokens: 4096 } },
    smollm3: text,
    spark2_5: { window: { denseEvery: "listed" } },
    stablelm: text,
    starcoder: text,
    starcoder2: text,
    step35: { window: { denseEvery: "listed" } },
    t5: other,
    t5encoder: encoder,
    talkie: text,
    "wavtokenizer-dec": other,
    xverse: text,
  } satisfies Record<string, ArchitectureTraits>),
);
