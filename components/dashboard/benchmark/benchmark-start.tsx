"use client";
import { Button } from "@/components/ui/button";
import { showToast } from "@/components/ui/toast";
import { errorBody } from "@/lib/client/api-request";
import { startBenchmark } from "@/lib/client/benchmark-store";
import type { BenchmarkState } from "@/lib/schema/benchmark";
import { formatTokens } from "@/lib/units/tokens";
import { formatDuration } from "./format-duration";

async function start(): Promise<void> {
  try {
    await startBenchmark();
  } catch (error) {
    const { message, next } = errorBody(error);
    showToast({ title: message, tone: "bad", ...(next !== undefined && { description: next }) });
  }
}

/** What would be measured, how long it takes, and the button. */
export function BenchmarkStart({ state: { next, problem } }: { readonly state: BenchmarkState }) {
  if (next === null) return <p className="text-ink-2 text-sm">Choose a model that can be loaded, then measure it.</p>;
  const { subject, estimateMs } = next;
  return (
    <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1 basis-64 text-sm">
        <p>
          Loads {subject.modelName} four ways at {formatTokens(subject.contextTokens)} tokens and measures each. The
          chat waits meanwhile.
        </p>
        {subject.gpuName === null && (
          <p className="text-ink-2">
            There is no GPU here, so no layers move: what you see is what the KV cache and flash attention do on the
            CPU.
          </p>
        )}
        {problem !== null && <p className="text-warn">{problem.message}</p>}
      </div>
      <Button onClick={() => void start()}>Start: about {formatDuration(estimateMs)}</Button>
    </div>
  );
}
