"use client";
import { useId } from "react";
import { Choice } from "@/components/ui/choice";
import { usePlanCard } from "@/lib/client/planning/plan-store";
import { useSettings } from "@/lib/client/planning/settings-store";
import { useSurface } from "@/lib/client/planning/surface-store";
import { kvTypeRefusal, mixedTypeNote } from "@/lib/plan/memory/usable-kv-types";
import {
  elementTypesOf,
  isMixed,
  type KvElementType,
  type KvType,
  kvElementTypes,
  kvTypeOf,
} from "@/lib/schema/plans/kv-type";
import { SettingFrame } from "./setting-frame";
import { useSetting } from "./use-setting";

/**
 * The type of the KV cache. A choice changes K, and V with it as long as both have the same. A second choice gives V its own.
 * What llama.cpp would refuse is not available, and the reason is below.
 */
export function KvTypeSetting({ settingKey }: { readonly settingKey: "KV_CACHE_QUANT" }) {
  const [kvType, set] = useSetting(settingKey);
  const refusalOf = useRefusal();
  const { gpu } = usePlanCard();
  const flashAttention = useSettings(state => state.draft?.FLASH_ATTENTION ?? "auto");
  const reasonId = useId();
  const { k, v } = elementTypesOf(kvType);
  const withK = (type: KvElementType) => kvTypeOf(type, isMixed(kvType) ? v : type);
  const withV = (type: KvElementType) => kvTypeOf(k, type);
  const optionsOf = (typeWith: (type: KvElementType) => KvType) =>
    kvElementTypes.map(type => ({ value: type, label: type, isDisabled: refusalOf(typeWith(type)) !== null }));
  const reason =
    refusalOf(kvType) ??
    [...kvElementTypes.map(withK), ...kvElementTypes.map(withV)].map(refusalOf).find(refusal => refusal !== null) ??
    mixedTypeNote(kvType, flashAttention, gpu);
  const described = reason === null ? {} : { describedBy: reasonId };
  return (
    <SettingFrame
      settingKey={settingKey}
      beside={
        <Choice
          label="KV cache"
          value={k}
          options={optionsOf(withK)}
          onChange={type => set(withK(type))}
          {...described}
        />
      }
    >
      <div className="mt-1 flex items-center justify-between gap-2 text-ink-2 text-xs">
        <span>V cache</span>
        <Choice
          label="V cache"
          value={v}
          options={optionsOf(withV)}
          onChange={type => set(withV(type))}
          {...described}
        />
      </div>
      {reason !== null && (
        <p id={reasonId} className="mt-1 text-ink-2 text-xs">
          {reason}
        </p>
      )}
    </SettingFrame>
  );
}

/** Why a type is not available with the planned model and the other settings; null if it is. */
function useRefusal(): (kvType: KvType) => string | null {
  const surface = useSurface().data?.surface ?? null;
  const flashAttention = useSettings(state => state.draft?.FLASH_ATTENTION);
  return kvType => (surface === null ? null : kvTypeRefusal(surface, kvType, flashAttention));
}
