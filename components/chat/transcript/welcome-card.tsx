"use client";
import Link from "next/link";
import { useEffect } from "react";
import { canChat } from "@/components/models/library/model-facts";
import { FirstPicks } from "@/components/models/picks/first-picks";
import { computerWords, foundTitle } from "@/components/models/picks/pick-words";
import { Button, buttonClass } from "@/components/ui/button";
import { Problem } from "@/components/ui/problem";
import { useEngine, useLive } from "@/lib/client/live-store";
import { usePicks } from "@/lib/client/models/model-picks";
import { useModels } from "@/lib/client/models/model-store";
import { isDownloadOf } from "@/lib/schema/models/download";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";

/** What can answer now, before anything is fetched. */
function readyWords(models: readonly LocalModel[]): string {
  const usable = models.filter(canChat);
  if (usable.length === 0) return "No model is on this computer yet.";
  if (usable.some(({ name }) => name !== DEFAULT_MODEL)) return "What is on this computer can answer now.";
  return "The model that comes with Headroom can answer now. It is very small: good for a first try, not for facts.";
}

/** For the first minute: what was found, three models that run well here, and the press that fetches one. */
export default function WelcomeCard({ onClose }: { readonly onClose: () => void }) {
  const picks = usePicks({}, true);
  const models = useModels().data?.models;
  const absence = useLive(({ telemetry }) => telemetry?.gpu.reason ?? null);
  const modelName = useEngine()?.modelName ?? null;
  const isChosen =
    modelName !== null && picks.data?.picks.some(({ source }) => isDownloadOf({ name: modelName }, source));
  useEffect(() => {
    // The person chats with one of the three now.
    if (isChosen) onClose();
  }, [isChosen, onClose]);
  // Rendered all at once: a growing card would move the buttons that the user is about to press.
  if (models === undefined || (picks.data === null && picks.error === null))
    return (
      <p role="status" className="card h-100 p-4 text-ink-2 text-sm motion-safe:animate-pulse">
        Looking at this computer, and at what would run well on it…
      </p>
    );
  return (
    <section aria-labelledby="welcome-title" className="card flex flex-col p-4">
      {picks.data === null ? (
        <Problem message={picks.error?.message ?? ""} next={picks.error?.next} code={picks.error?.code}>
          <Button onClick={picks.retry}>Try again</Button>
        </Problem>
      ) : (
        <>
          <h2 id="welcome-title" className="text-balance font-semibold text-lg">
            {foundTitle(picks.data)}
          </h2>
          <p className="mb-3 text-ink-2 text-sm">
            {picks.data.gpu === null && absence !== null && `${absence} `}
            {computerWords(picks.data)} Everything here runs on this computer. {readyWords(models)}
          </p>
          <FirstPicks {...picks} onChat={onClose} />
        </>
      )}
      <div className="mt-3 flex flex-wrap gap-2">
        <Link href="/models" prefetch={false} className={buttonClass("plain")}>
          See all models
        </Link>
        {models.some(canChat) && (
          <Button look="quiet" onClick={onClose}>
            Start with what is here
          </Button>
        )}
      </div>
    </section>
  );
}
