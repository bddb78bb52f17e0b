import { arch, availableParallelism, cpus, platform, release } from "node:os";
import * as z from "zod";
import type { Diagnostics, GraphicsCard } from "@/lib/schema/diagnostics";
import { readCpuFlags } from "@/lib/server/system/read-cpu-flags";
import { readMemory } from "@/lib/server/system/read-memory";
import { MIB } from "@/lib/units/bytes";
import project from "@/package.json";
import type { Services } from "./services";

/** CPU extensions with their own kernels in llama.cpp, named as in /proc/cpuinfo on x86 and Arm. */
const VECTOR_FEATURES =
  /^(?:sse4_2|avx|avx2|fma|f16c|bmi2|avx_vnni|avx512(?:f|bw|vl|vnni|_vnni|vbmi|_bf16)|amx_(?:int8|bf16|tile)|asimd|asimddp|i8mm|sve2?|bf16)$/;

const controllersSchema = z.object({
  controllers: z.array(
    z.object({
      vendor: z.string().catch(""),
      model: z.string().catch(""),
      vram: z.number().nullish(),
      driverVersion: z.string().optional(),
    }),
  ),
});

let knownCards: Promise<GraphicsCard[]> | null = null;

/** This starts three or four programs, so it runs only once. */
function graphicsCards(): Promise<GraphicsCard[]> {
  knownCards ??= readCards();
  return knownCards;
}

async function readCards(): Promise<GraphicsCard[]> {
  const { graphics } = await import("systeminformation");
  const found = controllersSchema.safeParse(await graphics().catch(() => null));
  if (!found.success) return [];
  return found.data.controllers.map(({ vendor, model, vram, driverVersion }) => ({
    vendor,
    model,
    vramBytes: vram ? Math.round(vram * MIB) : null,
    driverVersion: driverVersion || null,
  }));
}

/** Everything about this computer and this run that helps to explain a problem. */
export async function diagnose(services: Services): Promise<Diagnostics> {
  const { environment, engine, gpu, settings, chats, log } = services;
  const [report, graphics, threads] = await Promise.all([gpu.read(), graphicsCards(), threadsOf(services)]);
  return {
    version: project.version,
    nodeVersion: process.version,
    system: `${platform()} ${arch()} ${release()}`,
    cpu: {
      model: cpus()[0]?.model.trim() ?? "unknown",
      threads: availableParallelism(),
      features: [...readCpuFlags()].filter(flag => VECTOR_FEATURES.test(flag)),
    },
    memory: readMemory(),
    engine: engine.snapshot(),
    gpu: report,
    graphics,
    threads,
    folders: { home: environment.homeFolder, models: environment.modelsFolder },
    notices: [settings.notice(), chats.kept.notice].filter(notice => notice !== null),
    log: [...log.lines()],
  };
}

async function threadsOf({ settings, models, threads }: Services): Promise<Diagnostics["threads"]> {
  try {
    const { bytes } = await models.identify(await models.resolveModel(settings.read().MODEL));
    return threads.choice(bytes);
  } catch {
    return null;
  }
}
