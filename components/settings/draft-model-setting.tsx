"use client";
import { Select } from "@/components/ui/select";
import { plannedModelStore } from "@/lib/client/planning/planned-model";
import { createResource } from "@/lib/client/resource-store";
import { useStore } from "@/lib/client/use-store";
import { listDraftModels } from "@/lib/schema/api/models";
import { formatBytes } from "@/lib/units/bytes";
import { rowOf } from "./setting-format";
import { SettingFrame } from "./setting-frame";
import { useSetting } from "./use-setting";

/** Models of the library that can draft for the planned one. */
const draftModelStore = createResource(
  listDraftModels,
  () => ({ query: { model: plannedModelStore.get().source ?? undefined } }),
  ["models", "settings"],
  changed => plannedModelStore.subscribe(changed),
);

const useDraftModels = () => useStore(draftModelStore, state => state.data?.drafts ?? null);

const always = [
  { value: "", label: "None" },
  { value: "auto", label: "Auto: the smallest that fits" },
];

/** None, auto, or one of the library's models that can draft for the planned one. Another that is set stays among the choices. */
export function DraftModelSetting({ settingKey }: { readonly settingKey: "DRAFT_MODEL" }) {
  const [value, set] = useSetting(settingKey);
  const fitting = useDraftModels();
  const named = (fitting ?? []).map(({ name, fileBytes }) => ({
    value: name,
    label: `${name} (${formatBytes(fileBytes)})`,
  }));
  const choices = [...always, ...named];
  const isListed = choices.some(choice => choice.value === value);
  return (
    <SettingFrame settingKey={settingKey}>
      <Select
        label={rowOf(settingKey).label}
        value={value}
        choices={isListed ? choices : [...choices, { value, label: value }]}
        onChange={set}
      />
      {fitting?.length === 0 && (
        <p className="mt-1 text-ink-2 text-xs">
          No model of the library fits: it must have this model's vocabulary and at most a quarter of its size.
        </p>
      )}
    </SettingFrame>
  );
}
