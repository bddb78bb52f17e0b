"use client";
import { Card } from "@/components/ui/card";
import { Tabs } from "@/components/ui/tabs";
import { CodeExample } from "./code-example";
import { type Connection, exampleCode } from "./example-code";

const languages = [
  { id: "curl", label: "curl" },
  { id: "python", label: "Python" },
  { id: "typescript", label: "TypeScript" },
] as const;

export function ExamplesCard(connection: Connection) {
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
