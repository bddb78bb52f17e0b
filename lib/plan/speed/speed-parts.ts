import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed, SpeedParts } from "@/lib/schema/plans/plan-speed";
import type { LayerPlan } from "../cards/layer-plan";
import { dividedBlock, wholeBlocksInRam } from "../memory/expert-placement";
import { expertBytesInRam, sharedBytesInRam } from "../memory/expert-steps";
import { cardsOf, firstGpuBlock, kvBytesOfLayer, type MemoryPoint, type Placement } from "../memory/memory-need";
import { attentionLeavesCard } from "../memory/usable-kv-types";
import { cardFigures, guessedFigures } from "./card-figures";

/** What a prediction needs of a plan. */
export type PlacedPlan = Pick<LayerPlan, "gpuLayers" | "contextTokens" | "kvType"> &
  Pick<MemoryPoint, "expertBlocksInRam" | "borderExpertsOnGpu" | "tensorSplit" | "kvInRam">;

export const CPU = "cpu";

/** How fast a device reads weights and computes prompts, and the name that its past loads are known by. */
interface SpeedDevice {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly operationsPerSecond: number;
  readonly blockSeconds: number;
}

/**
 * Starting a block's kernels, and handing the activations over where the device changes. The CPU's is measured (11 models on 2 threads,
 * `npm run bench -- speed`); the card's are assumed.
 */
const GPU_BLOCK_SECONDS = 12e-6;
const CPU_BLOCK_SECONDS = 80e-6;
/** The experts' half of a block. */
const CPU_EXPERTS_SECONDS = 40e-6;
const CROSSING_SECONDS = 60e-6;

/** Assumed until it was measured: dual-channel DDR4, as llama.cpp reads it. */
export const USUAL_RAM_BYTES_PER_SECOND = 28e9;

/** Choosing a token and handing it on, whatever the model's size. Measured: 8,000 to 150,000 tokens in the vocabulary, 1.4 to 3.2 ms. */
const TOKEN_SECONDS = 1.4e-3;
const VOCABULARY_ENTRY_SECONDS = 1.2e-8;

/**
 * On the CPU, attention over a long context is limited by arithmetic besides bytes: seconds of one thread for each element of the
 * attention's width and each token in the context. The heads are shared among the threads. Measured on 2 threads with flash attention,
 * 2,000 to 3,000 tokens: 1.8 to 2.8 in eight models.
 */
const ATTENTION_THREAD_SECONDS_PER_ELEMENT = 2.2e-10;
/** Where the computer is not known. */
const USUAL_THREADS = 2;
/** Head sizes that are no multiple of 32 fall off llama.cpp's fast path: heads of 80 took 51 ms for 59 M elements. */
const SLOW_HEAD_FACTOR = 6.5;
/** Reading a prompt, several tokens share what is read of the cache. */
const PREFILL_ATTENTION_SHARE = 0.7;
const PREFILL_SLOW_HEAD_FACTOR = 3;

/**
 * Arithmetic operations a second of one thread that reads a prompt in 4-bit weights. A processor with AVX-512 reached 250 GFLOPS; one with
 * AVX2 is assumed to reach about a third of it. Where nothing is known, a guess in the middle. The first load corrects all three.
 */
const THREAD_OPERATIONS_PER_SECOND = { avx512: 250e9, avx2: 85e9, unknown: 140e9 } as const;
/** How fast a prompt is read on the CPU in weights of other types, as a share of that. Measured; the last one is assumed. */
const CPU_PREFILL: Readonly<Record<string, number>> = { Q4: 1, K: 0.7, Q8: 0.45 };
const CPU_PREFILL_OTHERWISE = 0.5;
/** With 8 experts of 32 or 64 in use, few tokens of a batch share an expert's weights. Measured on the CPU. */
const MIXTURE_PREFILL = 0.5;

/**
 * A card with memory of its own computes a long prompt for the layers in RAM too: llama.cpp sends it their weights once for each batch, over
 * PCI Express (8 lanes of version 4, or 16 of version 3). @see ggml-backend.cpp op_offload
 */
const LINK_BYTES_PER_SECOND = 12e9;

/** Prompts of this length are what prefill is predicted for. */
export const PREFILL_TOKENS = 512;

/** Bits of a weight by quantization, with its scales. @see lib/gguf/header/tensor-types.ts */
const BITS: readonly (readonly [pattern: RegExp, bits: number])[] = [
  [/^B?F16/, 16],
  [/^F32/, 32],
  [/^Q8/, 8.5],
  [/^Q6/, 6.6],
  [/^Q5/, 5.7],
  [/^(?:Q3|IQ3)/, 3.9],
  [/^(?:Q2|IQ2|TQ)/, 2.8],
  [/^(?:Q1|IQ1)/, 1.8],
];
const USUAL_BITS = 4.8;

const isOwnMemory = ({ kind }: GpuMemory): boolean => kind !== "software" && kind !== "shared";

type SpeedCard = Pick<GpuMemory, "name" | "totalBytes">;

/** The device of each layer on the GPU. With several cards that llama.cpp splits by itself, the slowest decides. */
function gpuDevices(
  { surface, gpu, plan }: { readonly surface: MemorySurface; readonly gpu: GpuMemory; readonly plan: Placement },
  machine: Processor,
): (layer: LayerMemory) => SpeedDevice {
  const pool = gpuDevice(gpu, machine);
  if (plan.tensorSplit === undefined) return () => pool;
  const devices = cardsOf(surface, plan).map(({ position, endLayer }) => {
    const card = gpu.cards?.find(other => other.position === position);
    return { endLayer, device: card === undefined ? pool : gpuDevice(gpu, machine, [card]) };
  });
  return ({ index }) => devices.find(({ endLayer }) => index < endLayer)?.device ?? pool;
}

/** With several cards, the slowest decides. A GPU without memory of its own reads system memory. */
function gpuDevice(gpu: GpuMemory, machine: Processor, cards: readonly SpeedCard[] = gpu.cards ?? [gpu]): SpeedDevice {
  const figures = cards.map(({ name, totalBytes }) => cardFigures(name) ?? guessedFigures(totalBytes));
  const bytesPerSecond = Math.min(...figures.map(card => card.bytesPerSecond));
  return {
    name: gpuName(gpu),
    bytesPerSecond: isOwnMemory(gpu) ? bytesPerSecond : machine.ramBytesPerSecond,
    operationsPerSecond:
      gpu.kind === "software"
        ? threadOperations(machine) / 4
        : Math.min(...figures.map(card => card.operationsPerSecond)),
    blockSeconds: GPU_BLOCK_SECONDS,
  };
}

type Processor = Pick<MachineSpeed, "ramBytesPerSecond" | "threads" | "vectors">;

const threadOperations = ({ threads, vectors }: Processor): number =>
  threads * THREAD_OPERATIONS_PER_SECOND[vectors ?? "unknown"];

/** @param share of the arithmetic that this quantization reaches */
const cpuDevice = (machine: Processor, share: number): SpeedDevice => ({
  name: CPU,
  bytesPerSecond: machine.ramBytesPerSecond,
  operationsPerSecond: threadOperations(machine) * share,
  blockSeconds: CPU_BLOCK_SECONDS,
});

const gpuName = (gpu: GpuMemory): string => `gpu ${gpu.name}`.replaceAll("/", " ");

/** Whether the makers' figures of every card are known. */
export const isKnownCard = (gpu: GpuMemory): boolean =>
  isOwnMemory(gpu) && (gpu.cards ?? [gpu]).every(({ name }) => cardFigures(name) !== null);

/** "Q4", "Q8", "K", "IQ", "F16": types of one family are computed alike. */
const familyOf = (quantization: string): string =>
  /^Q\d+_K/.test(quantization) ? "K" : (/^(?:IQ|B?F16|Q\d|MXFP4|NVFP4|TQ)/.exec(quantization)?.[0] ?? "other");

interface Walk {
  readonly surface: MemorySurface;
  readonly gpu: GpuMemory | null;
  readonly plan: PlacedPlan;
  readonly machine: MachineSpeed;
  /** Tokens that are in the context already. */
  readonly tokens: number;
}

interface LayerSeconds {
  readonly weights: number;
  readonly attention: number;
  /** The device that computes with the weights, if not the one that holds them. */
  readonly computedOn?: SpeedDevice;
}

/** Bytes of a block on the GPU that are in RAM. */
interface BytesApart {
  readonly expertBytes: number;
  /** Shared experts and the router. */
  readonly sharedBytes: number;
}

/** What it costs a block on the GPU to have its experts in RAM: seconds that the GPU saves, and those that the CPU takes instead. */
interface ExpertsApart {
  readonly saved: number;
  readonly onCpu: number;
  readonly crossings: number;
}

/** Costs of a token besides its layers: once, and for each change of device. */
interface FixedSeconds {
  readonly once: number;
  readonly crossing: number;
}

/** Sums the layers' seconds by device, by what limits them and by the model's kind. */
function partsOf(
  { surface, gpu, plan, machine }: Walk,
  fixed: FixedSeconds,
  secondsOf: (layer: LayerMemory, device: SpeedDevice, onGpu: SpeedDevice | null) => LayerSeconds,
  apartOf: (
    layer: LayerMemory,
    devices: { readonly cpu: SpeedDevice; readonly onGpu: SpeedDevice },
    inRam: BytesApart,
  ) => ExpertsApart,
): SpeedParts {
  const { model } = surface;
  const family = familyOf(model.quantization);
  const isMixture = surface.layers.some(({ experts }) => experts > 0);
  const name = model.name.replaceAll("/", " ");
  const cpu = cpuDevice(machine, CPU_PREFILL[family] ?? CPU_PREFILL_OTHERWISE);
  const gpuOf = gpu === null || plan.gpuLayers === 0 ? null : gpuDevices({ surface, gpu, plan }, machine);
  const firstOnGpu = firstGpuBlock(model.blocks, plan.gpuLayers);
  const parts: Record<string, number> = {};
  const add = (path: string, seconds: number) => {
    if (seconds > 0) parts[path] = (parts[path] ?? 0) + seconds;
  };
  let before = cpu;
  for (const layer of surface.layers) {
    const onGpu = gpuOf?.(layer) ?? null;
    const device = layer.index >= firstOnGpu && onGpu !== null ? onGpu : cpu;
    const { weights, attention, computedOn = device } = secondsOf(layer, device, onGpu);
    const kind = `${family}/${isMixture ? "mixture" : "dense"}/${name}`;
    const inRam = bytesApart(layer, plan);
    const isApart = onGpu !== null && device === onGpu && inRam.expertBytes + inRam.sharedBytes > 0;
    const apart = isApart ? apartOf(layer, { cpu, onGpu }, inRam) : null;
    add(`${computedOn.name}/weights/${kind}`, weights - (apart?.saved ?? 0));
    if (apart !== null) {
      add(`${CPU}/weights/${kind}`, apart.onCpu);
      add(`${CPU}/token`, apart.crossings);
    }
    const isCacheApart = device !== cpu && plan.kvInRam === true && layer.kv.growth !== "none";
    // Attention is computed where its cache is.
    const attended = isCacheApart ? secondsOf(layer, cpu, onGpu).attention : attention;
    const attending = isCacheApart ? cpu : device;
    add(`${attending.name}/attention/${isSlowHead(layer) ? "slow" : "fast"}/${name}`, attended);
    if (isCacheApart) add(`${CPU}/token`, 2 * fixed.crossing);
    if (device !== before) add(`${CPU}/token`, fixed.crossing);
    before = device;
  }
  add(`${CPU}/token`, fixed.once);
  return parts;
}

/** Seconds that one token of the answer takes. */
export function decodeParts(walk: Walk): SpeedParts {
  const { surface, plan, tokens } = walk;
  const once = TOKEN_SECONDS + surface.model.vocabularySize * VOCABULARY_ENTRY_SECONDS;
  const secondsOf = decodeLayer({ surface, kvType: plan.kvType, tokens, gpu: walk.gpu, threads: walk.machine.threads });
  return partsOf(walk, { once, crossing: CROSSING_SECONDS }, secondsOf, decodeApart);
}

interface DecodeRun {
  readonly surface: MemorySurface;
  readonly kvType: MemoryPoint["kvType"];
  readonly tokens: number;
  readonly gpu: GpuMemory | null;
  readonly threads: number;
}

const decodeLayer = ({
  surface,
  kvType,
  tokens,
  gpu,
  threads,
}: DecodeRun): ((layer: LayerMemory, device: SpeedDevice) => LayerSeconds) => {
  const leavesCard = attentionLeavesCard(kvType, surface.flashAttention, gpu);
  const kvBytes = (layer: LayerMemory) =>
    kvBytesOfLayer(layer, { contextTokens: tokens, kvType }, { ...surface, sequences: 1 });
  const onCpu = (layer: LayerMemory) => attentionSeconds(layer, { tokens, threads }, SLOW_HEAD_FACTOR);
  const attentionOn = (layer: LayerMemory, device: SpeedDevice): number => {
    if (device.name === CPU) return kvBytes(layer) / device.bytesPerSecond + onCpu(layer);
    if (!leavesCard || layer.kv.growth === "none") return kvBytes(layer) / device.bytesPerSecond;
    // The scheduler copies the layer's cache to RAM for each token.
    return kvBytes(layer) / LINK_BYTES_PER_SECOND + 2 * CROSSING_SECONDS + onCpu(layer);
  };
  return (layer, device) => ({
    weights: layer.activeBytes / device.bytesPerSecond + (layer.role === "block" ? device.blockSeconds : 0),
    attention: attentionOn(layer, device),
  });
};

const alwaysInRam = ({ expertBytesAlwaysInRam = 0 }: LayerMemory): number => expertBytesAlwaysInRam;

function bytesApart(layer: LayerMemory, placement: Placement): BytesApart {
  const sharedBytes = sharedBytesInRam(layer, placement);
  return { expertBytes: expertBytesInRam(layer, placement) - sharedBytes + alwaysInRam(layer), sharedBytes };
}

/** Experts are read in RAM, and the activations go there and back. */
function decodeApart(
  layer: LayerMemory,
  { cpu, onGpu }: { readonly cpu: SpeedDevice; readonly onGpu: SpeedDevice },
  inRam: BytesApart,
): ExpertsApart {
  const expertBytes = layer.expertBytes + alwaysInRam(layer);
  const unusedBytes = layer.weightsBytes - layer.activeBytes;
  const activeBytes = (expertBytes - unusedBytes) * (inRam.expertBytes / expertBytes) + inRam.sharedBytes;
  return {
    saved: activeBytes / onGpu.bytesPerSecond,
    onCpu: activeBytes / cpu.bytesPerSecond + CPU_EXPERTS_SECONDS,
    crossings: 2 * CROSSING_SECONDS,
  };
}

/**
 * Seconds a token at a full context, for any placement of this model on this card, without what past loads measured: placements
 * compare by it. The sums over the layers are made once, because the planner compares some thousand placements.
 */
export function decodeSeconds(
  surface: MemorySurface,
  gpu: GpuMemory,
  { contextTokens, kvType }: Pick<MemoryPoint, "contextTokens" | "kvType">,
): PlacementSeconds {
  const ofSurface = knownSeconds.get(surface) ?? new WeakMap<GpuMemory, Map<string, PlacementSeconds>>();
  knownSeconds.set(surface, ofSurface);
  const known = ofSurface.get(gpu) ?? new Map<string, PlacementSeconds>();
  ofSurface.set(gpu, known);
  const key = `${contextTokens} ${kvType}`;
  const seconds = known.get(key) ?? newDecodeSeconds(surface, gpu, { contextTokens, kvType });
  if (known.size >= KNOWN_POINTS) known.clear();
  known.set(key, seconds);
  return seconds;
}

type PlacementSeconds = (placement: Placement) => number;

/** The chart asks for the same contexts in each frame of a moving slider. */
const knownSeconds = new WeakMap<MemorySurface, WeakMap<GpuMemory, Map<string, PlacementSeconds>>>();
const KNOWN_POINTS = 256;

function newDecodeSeconds(
  surface: MemorySurface,
  gpu: GpuMemory,
  { contextTokens, kvType }: Pick<MemoryPoint, "contextTokens" | "kvType">,
): PlacementSeconds {
  const machine = { ramBytesPerSecond: gpu.ramBytesPerSecond ?? USUAL_RAM_BYTES_PER_SECOND, threads: 1 };
  const cpu = cpuDevice(machine, 1);
  const secondsOf = decodeLayer({ surface, kvType, tokens: contextTokens, gpu, threads: gpu.threads ?? USUAL_THREADS });
  const sumsOn = (card: SpeedDevice) => layerSums(surface, cpu, card, secondsOf);
  const pool = sumsOn(gpuDevice(gpu, machine));
  const byCard = new Map(
    (gpu.cards ?? []).map(card => [card.position, sumsOn(gpuDevice(gpu, machine, [card]))] as const),
  );
  const all = surface.layers.length;
  return placement => {
    const { gpuLayers, tensorSplit, kvInRam } = placement;
    const wholeApart = wholeBlocksInRam(placement);
    const border = dividedBlock(placement)?.block ?? -1;
    const first = firstGpuBlock(surface.model.blocks, gpuLayers);
    if (gpuLayers === 0) return between(pool.onCpu, 0, all);
    const cards =
      tensorSplit === undefined
        ? [{ position: undefined, firstLayer: first, endLayer: all }]
        : cardsOf(surface, placement);
    let seconds = between(pool.onCpu, 0, first) + cards.length * CROSSING_SECONDS;
    for (const { position, firstLayer, endLayer } of cards) {
      const sums = (tensorSplit === undefined ? undefined : byCard.get(position)) ?? pool;
      const apart = Math.max(firstLayer, Math.min(endLayer, wholeApart));
      seconds += between(sums.onGpu, firstLayer, endLayer) + between(sums.apart, firstLayer, apart);
      if (kvInRam) seconds += between(sums.cacheApart, firstLayer, endLayer);
      if (border >= apart && border < endLayer) seconds += sums.border(placement);
    }
    return seconds;
  };
}

/** Entry i: the sum over the layers before i. */
interface LayerSums {
  readonly onGpu: readonly number[];
  readonly onCpu: readonly number[];
  readonly apart: readonly number[];
  /** What it costs more to have the cache of a layer on the GPU in RAM. */
  readonly cacheApart: readonly number[];
  /** What it costs to have a part of one block's experts in RAM. */
  readonly border: (placement: Placement) => number;
}

const between = (sums: readonly number[], from: number, to: number): number => (sums[to] ?? 0) - (sums[from] ?? 0);

function layerSums(
  surface: MemorySurface,
  cpu: SpeedDevice,
  card: SpeedDevice,
  secondsOf: (layer: LayerMemory, device: SpeedDevice) => LayerSeconds,
): LayerSums {
  const onGpu = [0];
  const onCpu = [0];
  const apart = [0];
  const cacheApart = [0];
  for (const layer of surface.layers) {
    const [gpuSeconds, cpuSeconds] = [secondsOf(layer, card), secondsOf(layer, cpu)];
    const secondsWith = (expertBytes: number) =>
      apartSeconds(layer, { cpu, onGpu: card }, { expertBytes, sharedBytes: 0 });
    const always = secondsWith(alwaysInRam(layer));
    onGpu.push((onGpu.at(-1) ?? 0) + gpuSeconds.weights + gpuSeconds.attention + always);
    onCpu.push((onCpu.at(-1) ?? 0) + cpuSeconds.weights + cpuSeconds.attention);
    apart.push((apart.at(-1) ?? 0) + secondsWith(alwaysInRam(layer) + layer.expertBytes) - always);
    // Attention is computed where its cache is.
    const moved = cpuSeconds.attention - gpuSeconds.attention + 2 * CROSSING_SECONDS;
    cacheApart.push((cacheApart.at(-1) ?? 0) + (layer.kv.growth === "none" ? 0 : moved));
  }
  const border = (placement: Placement): number => {
    const layer = surface.layers[dividedBlock(placement)?.block ?? -1];
    if (layer === undefined) return 0;
    const secondsWith = (inRam: BytesApart) => apartSeconds(layer, { cpu, onGpu: card }, inRam);
    const always = { expertBytes: alwaysInRam(layer), sharedBytes: 0 };
    return secondsWith(bytesApart(layer, placement)) - secondsWith(always);
  };
  return { onGpu, onCpu, apart, cacheApart, border };
}

function apartSeconds(...[layer, devices, inRam]: Parameters<typeof decodeApart>): number {
  if (inRam.expertBytes + inRam.sharedBytes === 0) return 0;
  const { saved, onCpu, crossings } = decodeApart(layer, devices, inRam);
  return onCpu + crossings - saved;
}

/** Seconds that one token of a prompt takes, with so many tokens in the context before it. The output layer is computed only once. */
export function prefillParts(walk: Walk): SpeedParts {
  const { surface, tokens } = walk;
  const { threads } = walk.machine;
  const bits = BITS.find(([pattern]) => pattern.test(surface.model.quantization))?.[1] ?? USUAL_BITS;
  const batchTokens = Math.min(PREFILL_TOKENS, surface.batchTokens);
  const isDiscrete = walk.gpu !== null && isOwnMemory(walk.gpu);
  const computing = (layer: LayerMemory, device: SpeedDevice) => {
    const operations = (2 * layer.activeBytes * 8) / bits;
    return operations / (device.operationsPerSecond * (layer.experts > 0 ? MIXTURE_PREFILL : 1));
  };
  const sending = (bytes: number) => bytes / LINK_BYTES_PER_SECOND / batchTokens;
  const secondsOf = (layer: LayerMemory, device: SpeedDevice, gpu: SpeedDevice | null): LayerSeconds => {
    if (layer.role === "output") return { weights: 0, attention: 0 };
    const weights = computing(layer, device);
    if (device.name !== CPU) {
      // Scores and sums: two operations each for an element of the attention's width and a token in the context.
      const operations = 4 * layer.attentionWidth * attendedTokens(layer, tokens);
      return { weights, attention: operations / device.operationsPerSecond };
    }
    const attention = PREFILL_ATTENTION_SHARE * attentionSeconds(layer, { tokens, threads }, PREFILL_SLOW_HEAD_FACTOR);
    if (gpu === null || !isDiscrete) return { weights, attention };
    const sent = sending(layer.weightsBytes) + computing(layer, gpu);
    return sent < weights ? { weights: sent, attention, computedOn: gpu } : { weights, attention };
  };
  // Experts in RAM are sent to the card for each batch, and computed there.
  const apartOf = (_layer: LayerMemory, _devices: unknown, inRam: BytesApart): ExpertsApart => ({
    saved: 0,
    onCpu: sending(inRam.expertBytes + inRam.sharedBytes),
    crossings: 0,
  });
  return partsOf(walk, { once: 0, crossing: 0 }, secondsOf, apartOf);
}

const isSlowHead = ({ attentionWidth, attentionHeads }: LayerMemory): boolean =>
  attentionHeads > 0 && (attentionWidth / attentionHeads) % 32 !== 0;

function attentionSeconds(
  layer: LayerMemory,
  { tokens, threads }: { readonly tokens: number; readonly threads: number },
  slowFactor: number,
): number {
  // A head is computed by one thread.
  const together = Math.min(threads, Math.max(1, layer.attentionHeads));
  const elements = layer.attentionWidth * attendedTokens(layer, tokens);
  const seconds = (elements * ATTENTION_THREAD_SECONDS_PER_ELEMENT) / together;
  return isSlowHead(layer) ? seconds * slowFactor : seconds;
}

const attendedTokens = ({ kv }: LayerMemory, tokens: number): number =>
  kv.growth === "window" ? Math.min(kv.windowTokens, tokens) : kv.growth === "none" ? 0 : tokens;

export const secondsOf = (parts: SpeedParts): number => Object.values(parts).reduce((sum, part) => sum + part, 0);
