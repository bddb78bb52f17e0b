"use client";
import { Box, Power, RotateCw, Square } from "lucide-react";
import { canChat } from "@/components/models/library/model-facts";
import { applyAndReport } from "@/components/settings/apply-and-report";
import { showFailure } from "@/components/ui/toast/show-failure";
import { showToast } from "@/components/ui/toast/toast";
import { commandEngine } from "@/lib/client/diagnostics-store";
import { useEngine, useLive } from "@/lib/client/live-store";
import { useModels } from "@/lib/client/models/model-store";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import { isRamShort } from "@/lib/plan/placement/plan-ram";
import type { PaletteItem } from "./palette-item";
import type { PalettePlaces } from "./use-palette-places";

const commands = {
  load: [Power, "Load the model", "The model is loaded", "The model was not loaded"],
  reload: [RotateCw, "Reload the model", "The model was reloaded", "The model was not reloaded"],
  unload: [Power, "Unload the model", "Unloaded; all memory is free again", "The model was not unloaded"],
  stop: [Square, "Stop loading the model", "Loading was stopped", "Loading was not stopped"],
} as const;

function engineCommand(name: keyof typeof commands): PaletteItem {
  const [icon, label, done, failed] = commands[name];
  const run = () =>
    void commandEngine(name === "stop" ? "unload" : name).then(() => showToast({ title: done }), showFailure(failed));
  return { id: `engine ${name}`, group: "Model", icon, label, detail: "", run };
}

/** The engine's possible actions now, and every other model that can chat. */
export function usePaletteEngine({ goToPage }: PalettePlaces): PaletteItem[] {
  const engine = useEngine();
  const memory = useLive(state => state.telemetry?.memory ?? null);
  const models = useModels().data?.models ?? [];
  if (engine === null) return [];
  const isLoaded = engine.config !== null;
  const names: (keyof typeof commands)[] =
    engine.state === "loading" ? ["stop"] : isLoaded ? ["reload", "unload"] : ["load"];
  const others = models.filter(model => canChat(model) && model.name !== engine.modelName);
  return [
    ...names.map(engineCommand),
    ...others.map(({ name, plan }): PaletteItem => {
      const isTooLarge = plan !== null && memory !== null && isRamShort(plan.ramNeed, memory);
      return {
        id: `model ${name}`,
        group: "Model",
        icon: Box,
        label: isTooLarge
          ? `See the plan of ${name}: too large for this computer's memory`
          : `Use ${name}: unloads the present model`,
        detail: "",
        run: () => (isTooLarge ? goToPage(dashboardAddress(name)) : void applyAndReport({ MODEL: name }, "all")),
      };
    }),
  ];
}
