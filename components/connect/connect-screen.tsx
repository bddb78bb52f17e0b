"use client";
import { useSyncExternalStore } from "react";
import { Card } from "@/components/ui/card";
import { CopyButton } from "@/components/ui/copy-button";
import { ScrollRegion } from "@/components/ui/scroll-region";
import { Tabs } from "@/components/ui/tabs";
import { useApiKeys } from "@/lib/client/key-store";
import { useEngine } from "@/lib/client/live-store";
import { useSettings } from "@/lib/client/planning/settings-store";
import { contextTokensOf } from "@/lib/schema/live-events";
import { clientRecipes } from "./client-recipes";
import { type Connection, exampleCode, NO_KEY, YOUR_KEY } from "./example-code";
import { KeysCard } from "./keys-card";
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
  const saved = useSettings(settings => settings.saved);
  const engine = useEngine();
  const apiKey = useApiKeys().data?.areAsked ? YOUR_KEY : NO_KEY;
  const model = engine?.modelName ?? saved?.MODEL;
  const contextTokens = (engine && contextTokensOf(engine)) ?? saved?.N_CTX;
  if (baseUrl === null || model === undefined || contextTokens === undefined) return null;
  const connection = { baseUrl, model, contextTokens, apiKey };
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
      <ExamplesCard {...connection} />
      <TryIt baseUrl={baseUrl} model={model} />
      <RecipesCard {...connection} />
    </div>
  );
}

const languages = [
  { id: "curl", label: "curl" },
  { id: "python", label: "Python" },
  { id: "typescript", label: "TypeScript" },
] as const;

function ExamplesCard(connection: Connection) {
  return (
    <Card heading="Examples" aside="with this computer's address and model">
      <Tabs
        label="Language"
        tabs={languages.map(({ id, label }) => ({
          id,
          label,
          content: <CodeExample label={`Example in ${label}`} code={exampleCode[id](connection)} />,
        }))}
      />
    </Card>
  );
}

function RecipesCard(connection: Connection) {
  return (
    <Card heading="Programs" aside="what to enter in each">
      <div className="divide-y divide-line">
        {clientRecipes.map(({ name, where, settings, note }) => (
          <details key={name} className="py-1">
            <summary className="min-h-8 cursor-pointer rounded-control py-1">
              <span className="font-semibold">{name}</span>{" "}
              <span className="block pl-4 text-ink-2 text-sm sm:inline sm:pl-0">{where}</span>
            </summary>
            <div className="pt-1 pb-3">
              <CodeExample label={`Settings for ${name}`} code={settings(connection)} />
              {note !== undefined && <p className="mt-2 text-ink-2 text-sm">{note}</p>}
            </div>
          </details>
        ))}
      </div>
    </Card>
  );
}

/** Text to copy into a terminal, a file or another program. */
function CodeExample({ label, code }: { readonly label: string; readonly code: string }) {
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
