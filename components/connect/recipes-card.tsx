"use client";
import { Card } from "@/components/ui/card";
import { clientRecipes } from "./client-recipes";
import { CodeExample } from "./code-example";
import type { Connection } from "./example-code";

export function RecipesCard(connection: Connection) {
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
