"use client";
import { Choice } from "@/components/ui/choice";
import { patchOpenChat } from "@/lib/client/chat-actions";
import { presetOf, samplingPresets, withPreset } from "@/lib/client/chat-presets";
import { useSession } from "@/lib/client/chat-session";
import type { ChatSampling } from "@/lib/schema/chat";
import type { SettingKey } from "@/lib/schema/settings";
import { SamplingNumber } from "./sampling-number";
import { showFailure } from "./show-failure";

type SamplingNumberKey = Exclude<keyof ChatSampling, "stop" | "jsonSchema" | "grammar">;

/** Which row of the settings table a value of the chat overrides: range, step and help come from there. */
const rows: readonly (readonly [SamplingNumberKey, SettingKey])[] = [
  ["temperature", "TEMPERATURE"],
  ["topK", "TOP_K"],
  ["topP", "TOP_P"],
  ["minP", "MIN_P"],
  ["repeatPenalty", "REPEAT_PENALTY"],
  ["maxTokens", "MAX_TOKENS"],
  ["seed", "SEED"],
];

export function SamplingOptions() {
  const sampling = useSession(session => session.chat.sampling);
  const preset = presetOf(sampling);
  const change = (next: ChatSampling) =>
    patchOpenChat({ sampling: next }).catch(showFailure("The values were not saved"));
  return (
    <section className="flex flex-col gap-3">
      <h3 className="font-semibold text-sm">How words are chosen</h3>
      <Choice
        label="Preset"
        value={preset?.id ?? ""}
        options={samplingPresets.map(({ id, label }) => ({ value: id as string, label }))}
        onChange={id => {
          const chosen = samplingPresets.find(candidate => candidate.id === id);
          if (chosen) void change(withPreset(sampling, chosen));
        }}
      />
      <p className="text-ink-3 text-xs">{preset?.help ?? "Values of this chat's own."}</p>
      <div className="flex flex-col gap-2">
        {rows.map(([key, setting]) => (
          <SamplingNumber
            key={key}
            setting={setting}
            value={sampling[key]}
            onChange={value => change(withValue(sampling, key, value))}
          />
        ))}
      </div>
    </section>
  );
}

function withValue(sampling: ChatSampling, key: SamplingNumberKey, value: number | null): ChatSampling {
  const { [key]: _before, ...rest } = sampling;
  return value === null ? rest : { ...rest, [key]: value };
}
