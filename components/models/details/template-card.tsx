"use client";
import { Card } from "@/components/ui/card";
import { CopyButton } from "@/components/ui/copy-button";
import { ScrollRegion } from "@/components/ui/scroll-region";
import { useEngine } from "@/lib/client/live-store";
import { useRenderedExample } from "@/lib/client/models/model-details";
import type { ModelDetails } from "@/lib/schema/models/model-details";
import { formatTokens } from "@/lib/units/tokens";

interface TemplateCardProps {
  /** Of the model in the library. */
  readonly name: string;
  readonly template: ModelDetails["chatTemplate"];
}

/** How the model wants a conversation to be written. */
export function TemplateCard({ name, template }: TemplateCardProps) {
  if (template === null)
    return (
      <Card heading="Chat template">
        <p className="text-ink-2 text-sm">
          None: the file does not say how a conversation is written for it. It was probably made to continue text.
        </p>
        <TemplateExample name={name} />
      </Card>
    );
  const { text, characters } = template;
  const isCut = text.length < characters;
  return (
    <Card heading="Chat template" aside={`${formatTokens(characters)} characters`}>
      <ScrollRegion label="Text of the template" className="max-h-72 overflow-auto rounded-control bg-sunken p-3">
        <pre dir="ltr" className="font-mono text-xs whitespace-pre-wrap break-words">
          {text}
        </pre>
      </ScrollRegion>
      <div className="mt-2 flex flex-wrap items-center gap-2">
        <CopyButton label={isCut ? "Copy the start" : "Copy"} text={() => text} />
        {isCut && <p className="text-ink-2 text-sm">The first {formatTokens(text.length)} characters are shown.</p>}
      </div>
      <TemplateExample name={name} />
    </Card>
  );
}

/** A short conversation as this model reads it. The engine writes it, so it is shown only while the model is loaded. */
function TemplateExample({ name }: { readonly name: string }) {
  const engine = useEngine();
  if (engine === null) return null;
  if (engine.modelName !== name || engine.config === null)
    return (
      <p className="mt-3 text-ink-2 text-sm">
        Once the model is loaded, a short conversation is shown here as it reads it.
      </p>
    );
  return <Example />;
}

function Example() {
  const { data, error } = useRenderedExample();
  return (
    <section aria-labelledby="template-example" className="mt-3">
      <h3 id="template-example" className="mb-1 font-semibold text-sm">
        An example, as the model reads it
      </h3>
      {error !== null && (
        <p role="alert" className="text-sm text-warn">
          {error.message} {error.next}
        </p>
      )}
      {data !== null && (
        <ScrollRegion label="Text of the example" className="max-h-72 overflow-auto rounded-control bg-sunken p-3">
          <pre dir="ltr" className="font-mono text-xs whitespace-pre-wrap break-words">
            {data.prompt}
          </pre>
        </ScrollRegion>
      )}
    </section>
  );
}
