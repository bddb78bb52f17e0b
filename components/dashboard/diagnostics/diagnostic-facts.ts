import { othersInWords } from "@/lib/plan/words/placement-words";
import type { Diagnostics } from "@/lib/schema/diagnostics";
import type { GpuReport } from "@/lib/schema/plans/gpu-memory";
import { formatGib, formatMib } from "@/lib/units/bytes";

export interface DiagnosticFact {
  readonly name: string;
  readonly value: string;
}

const list = (words: readonly string[], none: string): string => (words.length === 0 ? none : words.join(", "));

function gpuWords({ memory, reason, remedy }: GpuReport): string {
  if (memory === null) return [reason ?? "none that can be used", remedy].filter(Boolean).join(" ");
  const { name, backend, totalBytes, source } = memory;
  return `${name}, ${backend}, ${formatGib(totalBytes)}, ${othersInWords(memory)} (from ${source})`;
}

function overheadWords({ memory }: GpuReport): string {
  if (memory === null) return "–";
  const { bytes, source, samples, spreadBytes } = memory.overhead;
  if (source === "cautious") return `${formatMib(bytes, 0)}, a cautious start until a load is measured`;
  return `${formatMib(bytes, 0)}, learned from ${samples} loads (spread ${formatMib(spreadBytes, 0)})`;
}

function buildWords({ engine }: Diagnostics): string {
  if (engine.info === null) return "the engine has not started yet";
  const { llamaCppRelease, buildType, nodeLlamaCppVersion } = engine.info;
  const build = buildType === "prebuilt" ? "prebuilt" : "built on this computer";
  return `llama.cpp ${llamaCppRelease}, ${build}, node-llama-cpp ${nodeLlamaCppVersion}`;
}

const restartWords = (restarts: number): string =>
  restarts === 0 ? "never restarted" : restarts === 1 ? "restarted once" : `restarted ${restarts} times`;

/** Flash attention is requested by a setting; only the load reports whether it runs. */
function flashAttentionWords({ engine }: Diagnostics): string {
  if (engine.config === null) return "nothing is loaded";
  const runs = { true: "runs", false: "does not run", null: "the load did not say whether it runs" };
  return `${runs[`${engine.flashAttentionActive}`]} (set to ${engine.config.flashAttention})`;
}

/** All facts worth knowing, one line each. The page and the copied report show the same. */
export function diagnosticFacts(diagnostics: Diagnostics): DiagnosticFact[] {
  const { cpu, engine, gpu, graphics, memory, threads, folders, notices } = diagnostics;
  return [
    { name: "Headroom", value: `${diagnostics.version} on Node ${diagnostics.nodeVersion}` },
    { name: "System", value: diagnostics.system },
    { name: "Engine", value: `${buildWords(diagnostics)}; ${engine.state}, ${restartWords(engine.restarts)}` },
    { name: "Backend", value: engine.info === null ? "–" : backendWords(engine.info) },
    { name: "Placement", value: placementWords(engine.info) },
    { name: "GPU", value: gpuWords(gpu) },
    {
      name: "Graphics controllers",
      value: list(
        graphics.map(({ vendor, model }) => `${vendor} ${model}`),
        "none listed",
      ),
    },
    { name: "Driver", value: gpu.driverVersion ?? graphics[0]?.driverVersion ?? "–" },
    { name: "Overhead", value: overheadWords(gpu) },
    { name: "Flash attention", value: flashAttentionWords(diagnostics) },
    { name: "CPU", value: `${cpu.model}, ${cpu.threads} threads` },
    { name: "CPU features", value: list(cpu.features, "unknown") },
    { name: "Threads", value: threads === null ? "–" : `${threads.threads}: ${threads.reason}` },
    {
      name: "System memory",
      value: `${formatGib(memory.availableBytes)} of ${formatGib(memory.totalBytes)} available`,
    },
    { name: "Models folder", value: folders.models },
    { name: "Home folder", value: folders.home },
    ...notices.map(notice => ({ name: "Notice", value: notice })),
    ...(engine.error === null ? [] : [{ name: "Last error", value: `${engine.error.code}: ${engine.error.message}` }]),
  ];
}

function backendWords({ backend, gpuUsable, devices, gpuProblem }: NonNullable<Diagnostics["engine"]["info"]>): string {
  if (gpuUsable) return `${backend}: ${list(devices, "no device named")}`;
  return gpuProblem === null ? "CPU" : `CPU; ${gpuProblem}`;
}

/** Whether experts and KV cache can be placed apart from their layers, and layers split over chosen cards. */
function placementWords(info: Diagnostics["engine"]["info"]): string {
  if (info === null) return "–";
  const { placement } = info;
  if (placement.kind === "missing") return `whole layers only; ${placement.reason}`;
  const cards = placement.cards.map(({ device, name, address }) => [device, name, address].filter(Boolean).join(" "));
  return `experts, cards and KV cache; ${list(cards, "no card")}`;
}
