"use client";
import { useRef } from "react";
import { buttonClass } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu";
import { showToast } from "@/components/ui/toast";
import { showFailure } from "./show-failure";

const exportAll = () => window.location.assign("/api/chats/export");

async function importFile(file: File): Promise<void> {
  const { uploadChats } = await import("@/lib/client/chat-upload");
  const { imported, refused } = await uploadChats(file);
  const refusals = refused.map(({ title, reason }) => `“${title}”: ${reason}`).slice(0, 5);
  showToast({
    title: `${imported} ${imported === 1 ? "chat" : "chats"} imported`,
    ...(refused.length > 0 && {
      description: `${refused.length} could not be taken. ${refusals.join(" ")}`,
      tone: "bad" as const,
    }),
  });
}

/** The way in and out for whole histories. */
export function ChatFilesMenu() {
  const inputRef = useRef<HTMLInputElement>(null);
  return (
    <div className="border-line border-t pt-2">
      <input
        ref={inputRef}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label="Import chats"
        onChange={event => {
          const [file] = event.target.files ?? [];
          event.target.value = "";
          if (file) importFile(file).catch(showFailure("The chats were not imported"));
        }}
      />
      <Menu
        align="start"
        trigger={
          <button type="button" className={buttonClass("quiet", "sm")}>
            Import and export
          </button>
        }
        entries={[
          { label: "Import: Headroom, ChatGPT, Open WebUI …", run: () => inputRef.current?.click() },
          { label: "Export all chats (JSON)", run: exportAll },
        ]}
      />
    </div>
  );
}
