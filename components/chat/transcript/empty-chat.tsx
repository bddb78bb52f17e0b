"use client";
import { EyeOff } from "lucide-react";
import { lazy, Suspense } from "react";
import { useSession } from "@/lib/client/chat-session";
import { useEngine } from "@/lib/client/live-store";
import { Starters } from "./starters";
import { Welcome } from "./welcome";

const ModelLine = lazy(() => import("./model-line"));

/** A chat without messages. */
export function EmptyChat() {
  const isTemporary = useSession(session => session.chat.temporary);
  const hasModel = useEngine()?.error?.code !== "MODEL_NOT_FOUND";
  return (
    <div className="min-h-0 flex-1 overflow-y-auto p-4">
      {/* Content that arrives later takes the free upper half, so that nothing moves. */}
      <div className="mx-auto grid min-h-full w-full max-w-[744px] grid-rows-[1fr_auto_1fr] gap-5">
        <div className="flex flex-col justify-end">
          {isTemporary ? (
            <p className="flex items-center gap-2 text-ink-2">
              <EyeOff aria-hidden size={16} className="shrink-0" />
              Temporary chat: nothing of it is written to the disk, and it is gone when you leave this page.
            </p>
          ) : (
            <Welcome />
          )}
        </div>
        <div className="flex flex-col gap-5">
          <div className="flex flex-col gap-1.5">
            <p className="text-balance font-semibold text-sentence tracking-[-0.01em]">
              What would you like to talk about?
            </p>
            <Suspense fallback={<p className="min-h-5" />}>
              <ModelLine />
            </Suspense>
          </div>
          {hasModel && <Starters />}
        </div>
      </div>
    </div>
  );
}
