"use client";
import { useSyncExternalStore } from "react";
import { Card } from "@/components/ui/card";
import { CopyButton } from "@/components/ui/copy-button";
import { useEngine } from "@/lib/client/live-store";
import { useSettings } from "@/lib/client/settings-store";
import { ExamplesCard } from "./examples-card";
import { KeysCard } from "./keys-card";
import { RecipesCard } from "./recipes-card";
import { TryIt } from "./try-it";

const never = () => () => {};
/** The address that this page was opened with is the one that other programs can use. Unknown while the server renders. */
const useBaseUrl = (): string | null =>
  useSyncExternalStore(
    never,
    () => `${window.location.origin}/v1`,
    () => null,
  );

/** How other programs use the model that is loaded here: address, keys, examples to copy, a field to try, and settings of known programs. */
export function ConnectScreen() {
  const baseUrl = useBaseUrl();
  const chosen = useSettings(({ saved }) => saved?.MODEL ?? null);
  const model = useEngine()?.modelName ?? chosen;
  if (baseUrl === null || model === null) return null;
  return (
    <div className="flex flex-col gap-4">
      <div>
        <h1 className="font-semibold text-sentence tracking-[-0.01em]">API</h1>
        <p className="text-ink-2">
          Other programs can use the model that Headroom fitted to this computer, through OpenAI's API or Anthropic's.
        </p>
      </div>
      <Card heading="Address">
        <div className="flex flex-wrap items-center gap-3">
          <code className="min-w-0 break-all rounded-control bg-sunken px-2.5 py-1">{baseUrl}</code>
          <CopyButton label="Copy address" text={() => baseUrl} />
        </div>
        <p className="mt-2 text-ink-2 text-sm">
          The model's name is <code className="break-all">{model}</code>. Programs that insist on a name such as gpt-4o
          get the same model. A request that names another model of the library loads it; the settings say when.
        </p>
      </Card>
      <KeysCard />
      <ExamplesCard baseUrl={baseUrl} model={model} />
      <TryIt baseUrl={baseUrl} model={model} />
      <RecipesCard baseUrl={baseUrl} model={model} />
    </div>
  );
}
