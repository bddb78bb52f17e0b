"use client";
import { Dialog } from "@/components/ui/dialog";
import { OutputOptions } from "./output-options";
import { SamplingOptions } from "./sampling-options";
import { SystemPromptOptions } from "./system-prompt-options";

/** The values that one chat overrides. Each change applies from the next answer on. */
export default function ChatOptions({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog onClose={onClose} title="Chat options" description="For this chat, from its next answer on." place="right">
      <div className="flex flex-col gap-6">
        <SystemPromptOptions />
        <SamplingOptions />
        <OutputOptions />
      </div>
    </Dialog>
  );
}
