"use client";
import { Paperclip, Square } from "lucide-react";
import { useRef } from "react";
import { ChatOptionsButton } from "@/components/chat/options/chat-options-button";
import { ModelPickerButton } from "@/components/models/picker/model-picker-button";
import { Button } from "@/components/ui/button";
import { showFailure } from "@/components/ui/toast/show-failure";
import { stopAnswering } from "@/lib/client/chat/chat-actions";
import { type DraftFile, unreadNames } from "@/lib/client/chat/chat-draft";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ContextUse } from "@/lib/schema/chat";
import { ContextMeter } from "./context-meter";

interface ComposerToolbarProps {
  readonly use: ContextUse | null;
  readonly files: readonly DraftFile[];
  readonly isWaiting: boolean;
  readonly canSend: boolean;
  readonly onFiles: (files: Iterable<File>) => void;
}

const waitWords = ([first, ...others]: readonly string[]): string =>
  `Waiting for ${first}${others.length > 0 ? ` and ${others.length} more` : ""}`;

export function ComposerToolbar({ use, files, isWaiting, canSend, onFiles }: ComposerToolbarProps) {
  const waitsFor = isWaiting ? unreadNames(files) : [];
  return (
    <div className="mt-2 -ml-2 flex flex-wrap items-center gap-x-1 gap-y-1">
      <AttachButton onFiles={onFiles} />
      <ChatOptionsButton />
      <ModelPickerButton className="max-w-40 @sm:max-w-33 @2xl:max-w-64" />
      {/* Always a line of its own where it is wide: the composer keeps its height when the meter or a model's name comes. */}
      <div className="contents @xl:flex @xl:basis-full @xl:flex-wrap @xl:items-center">
        <ContextMeter use={use} />
        <span className="ml-auto min-w-0">
          <span role="status" className="sr-only">
            {waitsFor.length > 0 && waitWords(waitsFor)}
          </span>
          <SendButton waitsFor={waitsFor} canSend={canSend} />
        </span>
      </div>
    </div>
  );
}

/** The label names the present action: send, wait, or stop the answer. */
function SendButton({ waitsFor, canSend }: { readonly waitsFor: readonly string[]; readonly canSend: boolean }) {
  const answering = useSession(session => session.answering);
  if (answering) {
    const stop = () => stopAnswering().catch(showFailure("The answer was not stopped"));
    return (
      <Button key="stop" look="plain" onClick={stop}>
        <Square aria-hidden size={12} fill="currentColor" />
        Stop
      </Button>
    );
  }
  if (waitsFor.length === 0) {
    return (
      <Button key="send" type="submit" look="primary" disabled={!canSend}>
        Send
      </Button>
    );
  }
  return (
    <Button key="wait" type="submit" title="Sent when it has been read. Press again, or Escape, to go on writing.">
      <span className="max-w-60 truncate text-sm">{waitWords(waitsFor)}</span>
    </Button>
  );
}

/** Files are read here, in the browser. Only their text is sent, and pictures where the engine reads them. */
function AttachButton({ onFiles }: { readonly onFiles: (files: Iterable<File>) => void }) {
  const inputRef = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={inputRef}
        type="file"
        multiple
        hidden
        aria-label="Attach files"
        onChange={event => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <Button look="quiet" size="sm" onClick={() => inputRef.current?.click()}>
        <Paperclip aria-hidden size={14} />
        <span className="sr-only @lg:not-sr-only">Attach</span>
      </Button>
    </>
  );
}
