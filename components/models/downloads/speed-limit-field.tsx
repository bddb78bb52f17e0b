"use client";
import { Select } from "@/components/ui/select";
import { reportFailure } from "@/components/ui/toast/show-failure";
import { limitSpeed, useSpeedLimit } from "@/lib/client/models/download-store";
import { formatBytes, MIB } from "@/lib/units/bytes";

/** In bytes a second; 0 is no limit. */
const choices = [0, 1, 2, 5, 10, 25, 50, 100].map(mib => mib * MIB);

/** How fast all downloads together may be, so that others can use the line too. */
export function SpeedLimitField() {
  const limit = useSpeedLimit();
  if (limit === undefined) return null;
  const bytes = limit ?? 0;
  // The API takes any number.
  const shown = choices.includes(bytes) ? choices : [...choices, bytes].sort((one, other) => one - other);
  return (
    <div className="mb-3 flex items-center gap-2 text-ink-2 text-sm">
      <span aria-hidden className="whitespace-nowrap">
        Speed limit
      </span>
      <div className="w-32">
        <Select
          label="Speed limit of all downloads together"
          value={String(bytes)}
          choices={shown.map(value => ({
            value: String(value),
            label: value === 0 ? "none" : `${formatBytes(value)}/s`,
          }))}
          onChange={value => {
            const chosen = Number(value);
            void reportFailure("The limit was not set", () => limitSpeed(chosen === 0 ? null : chosen));
          }}
        />
      </div>
    </div>
  );
}
