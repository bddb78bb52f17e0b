"use client";
import { CopyButton } from "@/components/ui/copy-button";
import { ScrollRegion } from "@/components/ui/scroll-region";

interface CodeExampleProps {
  readonly label: string;
  readonly code: string;
}

/** Text to copy into a terminal, a file or another program. */
export function CodeExample({ label, code }: CodeExampleProps) {
  return (
    <div>
      <ScrollRegion label={label} className="overflow-x-auto rounded-control border border-line bg-sunken p-3">
        <pre className="font-mono text-sm">
          <code>{code}</code>
        </pre>
      </ScrollRegion>
      <div className="mt-2">
        <CopyButton label="Copy" text={() => code} />
      </div>
    </div>
  );
}
