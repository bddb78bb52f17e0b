"use client";
import { useRouter } from "next/navigation";
import { chatAndReport } from "@/components/settings/apply-and-report";
import { Button } from "@/components/ui/button";
import { useModels } from "@/lib/client/models/model-store";
import type { ErrorBody } from "@/lib/schema/api-error";
import { fileNameOf } from "../downloads/download-words";
import { canChat } from "../library/model-facts";

interface AwayFromHubProps {
  readonly problem: ErrorBody;
  /** Called when a chat with one of them was opened. */
  readonly onChat?: (() => void) | undefined;
}

/** Without the hub the picks stay what they are, and what is on the disk can be used now. */
export function AwayFromHub({ problem, onChat }: AwayFromHubProps) {
  const router = useRouter();
  const models = useModels().data?.models.filter(canChat) ?? [];
  const chat = (name: string) => {
    void chatAndReport(name, path => router.push(path));
    onChat?.();
  };
  return (
    <div role="alert" className="mb-3 flex flex-col gap-2 rounded-card border border-warn p-3 text-sm">
      <p>
        <span className="font-semibold">The hub could not be asked.</span> {problem.message} {problem.next}
      </p>
      {models.length > 0 && (
        <div className="flex flex-wrap items-center gap-2">
          <span className="text-ink-2">Ready on this computer:</span>
          {models.slice(0, 3).map(({ name }) => (
            <Button
              key={name}
              size="sm"
              className="max-w-full text-left"
              aria-label={`Chat with ${name}`}
              onClick={() => chat(name)}
            >
              {/* May break anywhere, or the whole first screen would be as wide as the longest name. */}
              <span className="line-clamp-2 break-all whitespace-normal">Chat with {fileNameOf(name)}</span>
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}
