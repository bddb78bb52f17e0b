"use client";
import { useSettings } from "@/lib/client/settings-store";

/** Says what went wrong with modelconf.json, if anything did. */
export function SettingsNotice() {
  const notice = useSettings(state => state.notice);
  if (notice === null) return null;
  return (
    <p role="status" className="border-line border-b bg-warn-soft px-4 py-3 text-sm">
      {notice}
    </p>
  );
}
