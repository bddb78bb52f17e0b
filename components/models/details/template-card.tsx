import { Card } from "@/components/ui/card";
import { CopyButton } from "@/components/ui/copy-button";
import { ScrollRegion } from "@/components/ui/scroll-region";
import type { ModelDetails } from "@/lib/schema/model-details";
import { formatTokens } from "@/lib/units/tokens";
import { TemplateExample } from "./template-example";

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
