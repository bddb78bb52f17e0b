"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, FieldTextArea } from "@/components/ui/field";
import { Menu } from "@/components/ui/menu/menu";
import { showFailure } from "@/components/ui/toast/show-failure";
import { patchOpenChat } from "@/lib/client/chat/chat-actions";
import { useSession } from "@/lib/client/chat/chat-session";
import { examplePrompts, readPrompts, removePrompt, savePrompt } from "@/lib/client/chat/prompt-library";
import { useSettings } from "@/lib/client/planning/settings-store";

const MAX_NAME_CHARACTERS = 40;

/** The chat's own system prompt, and a small library of prompts. */
export function SystemPromptOptions() {
  const own = useSession(session => session.chat.systemPrompt);
  const general = useSettings(state => state.saved?.SYSTEM_PROMPT ?? "");
  const [draft, setDraft] = useState(own ?? general);
  const [saved, setSaved] = useState(readPrompts);
  const change = (systemPrompt: string | null) => {
    setDraft(systemPrompt ?? general);
    patchOpenChat({ systemPrompt }).catch(showFailure("The system prompt was not saved"));
  };
  const name = (draft.trim().split(/\n|\. /)[0] ?? "").slice(0, MAX_NAME_CHARACTERS);
  return (
    <section className="flex flex-col gap-2">
      <Field
        label="System prompt"
        help={own === null ? "From the settings. Empty means none." : "Only for this chat. Empty means none."}
      >
        <FieldTextArea
          rows={5}
          value={draft}
          onChange={event => setDraft(event.target.value)}
          onBlur={() => draft !== (own ?? general) && change(draft)}
        />
      </Field>
      <div className="flex flex-wrap gap-2">
        <Menu
          align="start"
          trigger={<Button size="sm">Choose one</Button>}
          entries={[...saved, ...examplePrompts].map(({ name: label, text }) => ({ label, run: () => change(text) }))}
        />
        {name !== "" && !saved.some(prompt => prompt.text === draft) && (
          <Button size="sm" onClick={() => setSaved(savePrompt({ name, text: draft }))}>
            Keep in the library
          </Button>
        )}
        {saved
          .filter(prompt => prompt.text === draft)
          .map(prompt => (
            <Button key={prompt.name} size="sm" onClick={() => setSaved(removePrompt(prompt.name))}>
              Remove from the library
            </Button>
          ))}
        {own !== null && (
          <Button size="sm" look="quiet" onClick={() => change(null)}>
            As in the settings
          </Button>
        )}
      </div>
    </section>
  );
}
