import type { LocalModel } from "@/lib/schema/models/local-model";
import { modelFacts } from "./model-facts";

/** What a file is, and what is odd about it. */
export function ModelNotes({ model }: { readonly model: LocalModel }) {
  const facts = modelFacts(model);
  return (
    <>
      <ul className="mt-1 flex flex-wrap gap-x-1 text-ink-2 text-sm empty:hidden">
        {facts.map((fact, index) => (
          <li key={fact}>
            {fact}
            {index < facts.length - 1 && <span aria-hidden> ·</span>}
          </li>
        ))}
      </ul>
      {model.origin !== null && (
        <p className="mt-1 text-ink-2 text-sm break-all">
          Used in place{model.origin.program !== null && ` from ${model.origin.program}`}: {model.origin.path}
        </p>
      )}
      {model.sameAs !== null && (
        <p className="mt-1 text-ink-2 text-sm break-words">The same content as {model.sameAs}.</p>
      )}
      {model.problem && (
        <p className="mt-1 text-sm text-warn break-words">
          {model.problem.message} <span className="font-mono text-xs">{model.problem.code}</span>
        </p>
      )}
    </>
  );
}
