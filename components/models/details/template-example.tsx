"use client";
import { ScrollRegion } from "@/components/ui/scroll-region";
import { useEngine } from "@/lib/client/live-store";
import { useRenderedExample } from "@/lib/client/model-details";

/** A short conversation as this model reads it. The engine writes it, so the model must be loaded: nothing is loaded for it. */
export function TemplateExample({ name }: { readonly name: string }) {
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
