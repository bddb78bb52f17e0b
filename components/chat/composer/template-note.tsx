"use client";
import { useEngine } from "@/lib/client/live-store";

/** A model that was not made for conversations gives strange answers, and nothing else explains why. */
export function TemplateNote() {
  const hasChatTemplate = useEngine()?.hasChatTemplate ?? null;
  if (hasChatTemplate !== false) return null;
  return (
    <p role="status" className="px-1 text-ink-2 text-sm">
      This model has no chat template: it was made to go on with a text, not to answer. Expect it to write on behalf of
      both; a model with “Instruct” or “Chat” in its name answers better.
    </p>
  );
}
