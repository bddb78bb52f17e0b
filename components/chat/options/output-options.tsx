"use client";
import { useState } from "react";
import { Choice } from "@/components/ui/choice";
import { Field, FieldInput, FieldTextArea } from "@/components/ui/field";
import { showFailure } from "@/components/ui/toast/show-failure";
import { patchOpenChat } from "@/lib/client/chat/chat-actions";
import { useSession } from "@/lib/client/chat/chat-session";
import { type ChatSampling, chatSamplingSchema } from "@/lib/schema/chat";

type Constraint = "none" | "jsonSchema" | "grammar";

const constraints = [
  { value: "none", label: "Free text" },
  { value: "jsonSchema", label: "JSON schema" },
  { value: "grammar", label: "Grammar" },
] as const satisfies readonly { value: Constraint; label: string }[];

const placeholders = {
  jsonSchema: '{"type": "object", "properties": {"name": {"type": "string"}}}',
  grammar: 'root ::= "yes" | "no"',
} as const;

/** When an answer ends, and which form it must have. */
export function OutputOptions() {
  const sampling = useSession(session => session.chat.sampling);
  const { jsonSchema, grammar, ...free } = sampling;
  const kept: Constraint = jsonSchema !== undefined ? "jsonSchema" : grammar !== undefined ? "grammar" : "none";
  const [chosen, setChosen] = useState(kept);
  const [draft, setDraft] = useState(jsonSchema ?? grammar ?? "");
  const [problem, setProblem] = useState<string | null>(null);

  const save = (next: ChatSampling) => {
    const parsed = chatSamplingSchema.safeParse(next);
    setProblem(parsed.success ? null : (parsed.error.issues[0]?.message ?? "This cannot be used."));
    if (parsed.success) patchOpenChat({ sampling: parsed.data }).catch(showFailure("The output was not set"));
  };
  const choose = (constraint: Constraint) => {
    setChosen(constraint);
    setDraft("");
    if (constraint === "none") save(free);
  };
  return (
    <section className="flex flex-col gap-3">
      <h3 className="font-semibold text-sm">What comes out</h3>
      <Field label="Stop strings" help="An answer ends where one of these would appear. Separated by commas.">
        <FieldInput
          defaultValue={sampling.stop?.join(", ") ?? ""}
          onBlur={event => save(withStop(sampling, event.target.value))}
        />
      </Field>
      <Choice label="Form of the output" value={chosen} options={constraints} onChange={choose} />
      {chosen !== "none" && (
        <Field label={chosen === "grammar" ? "GBNF grammar" : "JSON schema"} error={problem}>
          <FieldTextArea
            rows={6}
            spellCheck={false}
            placeholder={placeholders[chosen]}
            value={draft}
            onChange={event => setDraft(event.target.value)}
            onBlur={() => save(draft.trim() === "" ? free : { ...free, [chosen]: draft })}
          />
        </Field>
      )}
    </section>
  );
}

function withStop({ stop: _before, ...rest }: ChatSampling, text: string): ChatSampling {
  const stop = text
    .split(",")
    .map(part => part.trim())
    .filter(part => part !== "");
  return stop.length === 0 ? rest : { ...rest, stop };
}
