"use client";
import { Select } from "@/components/ui/select";
import { choosePlanning, type PlanningChoices, usePlanningChoices } from "@/lib/client/planning/planning-choices";
import { kvTypeSchema } from "@/lib/schema/plans/kv-type";
import { formatTokens } from "@/lib/units/tokens";

const CONTEXTS = [2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];
const TARGETS = [0.7, 0.8, 0.9, 0.95];

/** The offered values and the present one, in order. */
const withPresent = (offered: readonly number[], present: number): number[] =>
  [...new Set([...offered, present])].sort((a, b) => a - b);

export const contextChoices = (present: number) =>
  withPresent(CONTEXTS, present).map(tokens => ({ value: String(tokens), label: `${formatTokens(tokens)} tokens` }));

export const kvChoices = kvTypeSchema.options.map(kvType => ({ value: kvType, label: `${kvType} KV cache` }));

/** What the models below are planned for. A change plans them again and saves nothing. */
export function PlanningFor() {
  const choices = usePlanningChoices();
  if (choices === null) return <div className="mb-4 min-h-8" />;
  return <Choices {...choices} />;
}

function Choices({ N_CTX, KV_CACHE_QUANT, TARGET_VRAM_USAGE }: PlanningChoices) {
  return (
    <fieldset className="mb-4 flex flex-wrap items-center gap-x-2 gap-y-2 text-ink-2 text-sm">
      <legend className="sr-only">What models are planned for</legend>
      <span aria-hidden>Planned for</span>
      <span>
        <Select
          label="Context to plan for"
          value={String(N_CTX)}
          choices={contextChoices(N_CTX)}
          onChange={value => choosePlanning({ N_CTX: Number(value) })}
        />
      </span>
      <span>
        <Select
          label="KV cache to plan for"
          value={KV_CACHE_QUANT}
          choices={kvChoices}
          onChange={value => choosePlanning({ KV_CACHE_QUANT: kvTypeSchema.parse(value) })}
        />
      </span>
      <span>
        <Select
          label="Target to plan for"
          value={String(TARGET_VRAM_USAGE)}
          choices={withPresent(TARGETS, TARGET_VRAM_USAGE).map(target => ({
            value: String(target),
            label: `${Math.round(target * 100)} % target`,
          }))}
          onChange={value => choosePlanning({ TARGET_VRAM_USAGE: Number(value) })}
        />
      </span>
    </fieldset>
  );
}
