"use client";
import { Paperclip } from "lucide-react";
import { useRef } from "react";
import { Button } from "@/components/ui/button";

/** Files are read here, in the browser. Only their text is sent, and pictures where the engine reads them. */
export function AttachButton({ onFiles }: { readonly onFiles: (files: Iterable<File>) => void }) {
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
