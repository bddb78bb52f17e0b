"use client";
import { type ComponentType, memo } from "react";
import type { SettingControl } from "@/lib/schema/settings/setting-row";
import type { SettingKey } from "@/lib/schema/settings/settings";
import { AutoNumberSetting } from "./auto-number-setting";
import { AutoSwitchSetting, ChoiceSetting, SpeculationSetting, SwitchSetting } from "./choice-setting";
import { DraftModelSetting } from "./draft-model-setting";
import { KvTypeSetting } from "./kv-type-setting";
import { NumberSetting } from "./number-setting";
import { rowOf } from "./setting-format";
import { AutoNumbersSetting, ListSetting, LongTextSetting, TextSetting } from "./text-setting";

const controls: Record<SettingControl, ComponentType<{ readonly settingKey: SettingKey }>> = {
  text: TextSetting,
  longText: LongTextSetting,
  number: NumberSetting,
  numberOrAuto: AutoNumberSetting,
  numbersOrAuto: AutoNumbersSetting,
  choice: ChoiceSetting,
  switch: SwitchSetting,
  switchOrAuto: AutoSwitchSetting,
  list: ListSetting,
};

/** The control for a row of the settings table. */
export const SettingField = memo(function SettingField({ settingKey }: { readonly settingKey: SettingKey }) {
  if (settingKey === "KV_CACHE_QUANT") return <KvTypeSetting settingKey={settingKey} />;
  if (settingKey === "DRAFT_MODEL") return <DraftModelSetting settingKey={settingKey} />;
  if (settingKey === "SPECULATION") return <SpeculationSetting />;
  const Control = controls[rowOf(settingKey).control];
  return <Control settingKey={settingKey} />;
});
