"use client";
import Link from "next/link";
import { lazy, Suspense } from "react";
import { showFailure } from "@/components/chat/show-failure";
import { ReloadWaitsBanner } from "@/components/settings/reload-waits";
import { Button, buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { useSession } from "@/lib/client/chat-session";
import { commandEngine } from "@/lib/client/diagnostics-store";
import { useEngine } from "@/lib/client/live-store";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import { LoadProgress } from "./load-progress";

const LastModelNote = lazy(() => import("./last-model-note"));

const isBusy = (engine: EngineSnapshot): boolean => ["starting", "loading", "stopping"].includes(engine.state);

const load = () => void commandEngine("reload").catch(showFailure("The model was not loaded"));

/** Shows why the model cannot answer right now, or that another one answered before; otherwise renders nothing. */
export function EngineBanner() {
  const engine = useEngine();
  const lastName = useSession(
    ({ shown, answering }) => !answering && shown.findLast(({ message }) => message.stats)?.message.stats?.modelName,
  );
  if (engine === null) return null;
  if (engine.loadWaits) return <ReloadWaitsBanner />;
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
  // Before the first model that is no failure, and loading again would not help.
  const isMissing = error.code === "MODEL_NOT_FOUND";
  return (
    <div
      role="status"
      className={classNames(
        "flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card px-3.5 py-2 text-sm",
        isMissing ? "bg-sunken text-ink-2" : "bg-bad-soft text-bad",
      )}
    >
      <p className="min-w-0 flex-1 basis-48" title={error.message}>
        {isMissing ? "The chosen model is not on this computer." : `${error.message} ${error.next ?? ""}`}
      </p>
      {!isMissing && (
        <Button size="sm" onClick={load}>
          Load again
        </Button>
      )}
      <Link href="/models" prefetch={false} className={buttonClass("plain", "sm")}>
        Choose a model
      </Link>
    </div>
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
        {percent} % · {answering ? "then your message is answered" : "you can write meanwhile"}
      </span>
    </div>
  );
}
