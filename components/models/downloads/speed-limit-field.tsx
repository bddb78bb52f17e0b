"use client";
import { Select } from "@/components/ui/select";
import { limitSpeed, useSpeedLimit } from "@/lib/client/download-store";
import { MIB } from "@/lib/units/bytes";
import { reportFailure } from "./report-failure";

/** In MiB a second; 0 is no limit. */
const choices = [0, 1, 2, 5, 10, 25, 50, 100];

/** How fast all downloads together may be, so that others can use the line too. */
export function SpeedLimitField() {
  const limit = useSpeedLimit();
  if (limit === undefined) return null;
  const mib = limit === null ? 0 : Math.round(limit / MIB);
  const shown = choices.includes(mib) ? choices : [...choices, mib].sort((one, other) => one - other);
  return (
    <div className="mb-3 flex items-center gap-2 text-ink-2 text-sm">
      <span aria-hidden className="whitespace-nowrap">
        Speed limit
      </span>
      <div className="w-32">
        <Select
          label="Speed limit of all downloads together"
          value={String(mib)}
          choices={shown.map(value => ({ value: String(value), label: value === 0 ? "none" : `${value} MiB/s` }))}
          onChange={value => {
            const chosen = Number(value);
            void reportFailure("The limit was not set", () => limitSpeed(chosen === 0 ? null : chosen * MIB));
          }}
        />
      </div>
    </div>
  );
}
