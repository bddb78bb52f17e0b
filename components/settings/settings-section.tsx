import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

interface SettingsSectionProps {
  readonly heading: string;
  readonly isOpen?: boolean;
  readonly children: ReactNode;
}

/** A group of settings that can be folded. */
export function SettingsSection({ heading, isOpen = false, children }: SettingsSectionProps) {
  return (
    <details open={isOpen} className="group border-line border-b px-4 py-1.5 last:border-b-0">
      <summary className="-mx-2 flex min-h-9 list-none items-center gap-1.5 rounded-control px-2 font-semibold text-sm hover:bg-sunken [&::-webkit-details-marker]:hidden">
        <h3>{heading}</h3>
        <ChevronRight aria-hidden size={15} className="ml-auto text-ink-3 transition-transform group-open:rotate-90" />
      </summary>
      <div className="flex flex-col gap-2 pt-0.5 pb-2 sm:max-lg:grid sm:max-lg:grid-cols-2 sm:max-lg:gap-x-8">
        {children}
      </div>
    </details>
  );
}
