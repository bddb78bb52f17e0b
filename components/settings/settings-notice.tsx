"use client";
import { useSettings } from "@/lib/client/settings-store";

/** What went wrong with modelconf.json, where something did. */
export function SettingsNotice() {
  const notice = useSettings(state => state.notice);
  if (notice === null) return null;
  return (
    <p role="status" className="border-line border-b bg-warn-soft px-4 py-3 text-sm">
      {notice}
    </p>
  );
}
