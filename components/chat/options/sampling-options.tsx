"use client";
import { Choice } from "@/components/ui/choice";
import { showFailure } from "@/components/ui/toast/show-failure";
import { patchOpenChat } from "@/lib/client/chat/chat-actions";
import { presetOf, samplingPresets, withPreset } from "@/lib/client/chat/chat-presets";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ChatSampling } from "@/lib/schema/chat";
import { nameOf, type SamplingName, samplingKeys } from "@/lib/schema/settings/sampling";
import { settingRows } from "@/lib/schema/settings/settings";
import { SamplingNumber } from "./sampling-number";

type SamplingNumberName = Exclude<SamplingName, "stop">;

/** Range, step and help of a value come from the settings row that it overrides. */
const numbers = samplingKeys
  .filter(key => settingRows[key].control === "number")
  .map(key => ({ key, name: nameOf(key) as SamplingNumberName }));

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
      <p className="text-ink-3 text-xs">{preset?.help ?? "This chat's own values."}</p>
      <div className="flex flex-col gap-2">
        {numbers.map(({ key, name }) => (
          <SamplingNumber
            key={key}
            setting={key}
            value={sampling[name]}
            onChange={value => change(withValue(sampling, name, value))}
          />
        ))}
      </div>
    </section>
  );
}

function withValue(sampling: ChatSampling, key: SamplingNumberName, value: number | null): ChatSampling {
  const { [key]: _before, ...rest } = sampling;
  return value === null ? rest : { ...rest, [key]: value };
}
