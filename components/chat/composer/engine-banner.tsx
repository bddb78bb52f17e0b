"use client";
import { lazy, Suspense } from "react";
import { useSession } from "@/lib/client/chat/chat-session";
import { useEngine } from "@/lib/client/live-store";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { LoadProgress } from "./load-progress";

const EngineFailure = lazy(() => import("./engine-failure"));
const ReloadWaitsBanner = lazy(async () => ({
  default: (await import("@/components/settings/reload-waits")).ReloadWaitsBanner,
}));
const LastModelNote = lazy(() => import("./last-model-note"));

const isBusy = (engine: EngineSnapshot): boolean => ["starting", "loading", "stopping"].includes(engine.state);

/** Shows why the model cannot answer right now, or that another one answered before; otherwise renders nothing. */
export function EngineBanner() {
  const engine = useEngine();
  const lastName = useSession(
    ({ shown, answering }) => !answering && shown.findLast(({ message }) => message.stats)?.message.stats?.modelName,
  );
  if (engine === null) return null;
  if (engine.loadWaits)
    return (
      <Suspense>
        <ReloadWaitsBanner />
      </Suspense>
    );
  if (isBusy(engine)) return <LoadingBanner engine={engine} />;
  const { error, modelName } = engine;
  if (error === null) {
    if (!lastName || modelName === null || lastName === modelName) return null;
    return (
      <Suspense>
        <LastModelNote modelName={lastName} loadedName={modelName} />
      </Suspense>
    );
  }
  return (
    <Suspense>
      <EngineFailure error={error} />
    </Suspense>
  );
}

function LoadingBanner({ engine }: { readonly engine: EngineSnapshot }) {
  const answering = useSession(session => session.answering);
  const percent = Math.round((engine.progress?.fraction ?? 0) * 100);
  const what = engine.state === "starting" ? "Starting the engine" : `Loading ${engine.modelName ?? "the model"}`;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-card bg-accent-soft px-3.5 py-2 text-sm">
      <strong className="font-semibold">{what}</strong>
      <LoadProgress percent={percent} />
      <span className="text-ink-2 tabular-nums">
        {percent} % · {answering ? "then your message is answered" : "you can already write"}
      </span>
    </div>
  );
}
