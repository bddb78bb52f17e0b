"use client";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { engineWords } from "@/components/header/engine-words";
import { applyAndReport, chatAndReport } from "@/components/settings/apply-and-report";
import { Button, buttonClass } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { useEngine } from "@/lib/client/live-store";
import { dashboardAddress } from "@/lib/client/planning/planned-model";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { useRamIsShort } from "../plan-badge";
import { canChat } from "./model-facts";

interface LoadButtonsProps {
  readonly model: LocalModel;
  /** A fresh start loads it. */
  readonly isDefault: boolean;
}

/** Says whether a model is in use, and offers the ways to use it. */
export function LoadButtons({ model, isDefault }: LoadButtonsProps) {
  const engine = useEngine();
  const isLoaded = engine?.modelName === model.name && engine.config !== null;
  const isAnotherLoaded = engine !== null && engine.config !== null && engine.modelName !== model.name;
  const isLoading = isDefault && engine?.state === "loading";
  return (
    <>
      {isLoaded && <UseState isGood>In use</UseState>}
      {isLoading && !isLoaded && <UseState>{engineWords(engine).text}</UseState>}
      {isDefault && !isLoaded && !isLoading && (
        // The first message loads it, unless another one is loaded.
        <UseState>{isAnotherLoaded ? "Default" : "Default, not loaded"}</UseState>
      )}
      {canChat(model) && !isLoaded && (!isDefault || isAnotherLoaded) && <ChooseButton model={model} />}
      {canChat(model) && <ChatButton model={model} isDefault={isDefault} />}
    </>
  );
}

function UseState({ isGood = false, children }: { readonly isGood?: boolean; readonly children: string }) {
  return (
    <span
      className={classNames(
        "inline-flex min-h-8 items-center font-semibold text-sm",
        isGood ? "text-good" : "text-ink-2",
      )}
    >
      {children}
    </span>
  );
}

function ChooseButton({ model }: { readonly model: LocalModel }) {
  const [isBusy, setBusy] = useState(false);
  const isTooLarge = useRamIsShort(model.plan);
  const choose = async () => {
    setBusy(true);
    await applyAndReport({ MODEL: model.name }, "all");
    setBusy(false);
  };
  return (
    <Button
      disabled={isBusy || isTooLarge}
      aria-label={`Use ${model.name}: unloads the present model`}
      onClick={() => void choose()}
    >
      {isBusy ? "Loading…" : "Use this model"}
    </Button>
  );
}

/** For a model that needs more memory than there is: its plan, which shows what would make it fit. */
function ChatButton({ model, isDefault }: LoadButtonsProps) {
  const router = useRouter();
  if (useRamIsShort(model.plan))
    return (
      <Link
        href={dashboardAddress(isDefault ? null : model.name)}
        prefetch={false}
        aria-label={`See the plan of ${model.name}`}
        className={buttonClass()}
      >
        See its plan
      </Link>
    );
  return (
    <Button
      aria-label={`Chat with ${model.name}`}
      onClick={() => void chatAndReport(model.name, path => router.push(path))}
    >
      Chat with it
    </Button>
  );
}
