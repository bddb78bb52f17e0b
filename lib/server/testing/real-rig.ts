import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { planningServices } from "@/lib/server/compose/planning-services";
import { LastLoaded } from "@/lib/server/loading/last-loaded";
import { ModelHost } from "@/lib/server/loading/model-host";
import { ModelLoader } from "@/lib/server/loading/model-loader";
import { readEnvironment } from "@/lib/server/system/environment";

interface RealRigOptions {
  readonly gpu: "auto" | "off";
  readonly settings?: Partial<Settings>;
  readonly modelsFolder?: string;
}

/** The default model behind the real engine, with a data folder of its own. */
export function makeRealRig({ gpu, settings = {}, modelsFolder }: RealRigOptions) {
  const home = mkdtempSync(join(tmpdir(), "headroom-real-"));
  const environment = readEnvironment({
    HEADROOM_HOME: home,
    HEADROOM_GPU: gpu,
    LOG_LEVEL: "silent",
    HEADROOM_MODELS_DIR: modelsFolder,
  });
  const onLog = () => {};
  const core = planningServices(environment, { onLog });
  const { engine, planner } = core;
  // Threads wait for each other by spinning (free-cores.ts), and other tests use the other core.
  const current = { settings: { ...defaultSettings, N_CTX: 1024, PARALLEL: 1, THREADS: 1, ...settings } };
  const loader = new ModelLoader({ ...core, onLog });
  const lastLoaded = new LastLoaded(join(home, "data", "last-loaded.json"));
  const readSettings = () => current.settings;
  const host = new ModelHost({ engine, planner, loader, lastLoaded, readSettings, onLog });
  /** Changes settings as PATCH does. */
  const patch = (change: Partial<Settings>) => {
    current.settings = { ...current.settings, ...change };
    return host.apply(current.settings);
  };
  const close = async () => {
    core.gpu.close();
    await Promise.all([engine.shutdown(), core.dryRuns.end()]);
  };
  return { ...core, host, current, patch, close };
}

/** Software Vulkan, where Mesa is installed (engine.md, "A GPU for tests"). Inherited by every engine started after. */
export const SOFTWARE_GPU = { GGML_VK_VISIBLE_DEVICES: "0" } as const;
