import { type LoadConfig, type LoadCost, loadCostSchema } from "@/lib/schema/plans/load-config";
import { settingKeys, settingRows } from "@/lib/schema/settings/settings";

/** What a change of each part of the configuration costs. Taken from the table of settings. */
const costs = new Map<keyof LoadConfig, LoadCost>(
  settingKeys.flatMap((key): [keyof LoadConfig, LoadCost][] => {
    const { loads, cost } = settingRows[key];
    return loads === undefined ? [] : [[loads, cost]];
  }),
);

const dearness = (cost: LoadCost): number => loadCostSchema.options.indexOf(cost);

/** What going from the loaded configuration to the next one costs; `model` when nothing is loaded. */
export function changeCost(loaded: LoadConfig | null, next: LoadConfig): LoadCost {
  if (loaded === null) return "model";
  const changed = [...costs]
    .filter(([key]) => JSON.stringify(loaded[key]) !== JSON.stringify(next[key]))
    .map(([, cost]) => cost);
  return changed.reduce((dearest, cost) => (dearness(cost) > dearness(dearest) ? cost : dearest), "nothing");
}
