"use client";
import { lazy, Suspense, useRef, useState } from "react";
import { buttonClass } from "@/components/ui/button";
import { Menu } from "@/components/ui/menu/menu";
import { showFailure } from "@/components/ui/toast/show-failure";
import { showToast } from "@/components/ui/toast/toast";
import { apiAddress } from "@/lib/client/api-request";
import type { ImportChoice, ImportSummary } from "@/lib/client/chat/chat-upload";
import { exportChats } from "@/lib/schema/api/chats";
import { countedChats } from "./counted-chats";

const ImportSummaryDialog = lazy(() => import("./import-summary"));

const exportAll = () => window.location.assign(apiAddress(exportChats, {}));

interface Import {
  readonly file: File;
  /** null while the file is read and sent. */
  readonly summary: ImportSummary | null;
}

/** Import and export of all chats. */
export function ChatFilesMenu() {
  const inputRef = useRef<HTMLInputElement>(null);
  const [current, setCurrent] = useState<Import | null>(null);
  const isBusy = current !== null && current.summary === null;

  const importFile = async (file: File, choice?: ImportChoice) => {
    setCurrent({ file, summary: null });
    try {
      const { uploadChats } = await import("@/lib/client/chat/chat-upload");
      const summary = await uploadChats(file, choice);
      const isWhole = summary.existing.length + summary.notes.length === 0 && summary.problem === null;
      setCurrent(isWhole ? null : { file, summary });
      if (isWhole) showToast({ title: `${countedChats(summary.imported)} imported` });
    } catch (error) {
      setCurrent(null);
      showFailure("The chats were not imported")(error);
    }
  };

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
          if (file) void importFile(file);
        }}
      />
      <Menu
        align="start"
        trigger={
          <button type="button" disabled={isBusy} className={buttonClass("quiet", "sm")}>
            {isBusy ? "Importing …" : "Import and export"}
          </button>
        }
        entries={[
          { label: "Import: Headroom, ChatGPT, Open WebUI …", run: () => inputRef.current?.click() },
          { label: "Export all chats (JSON)", run: exportAll },
        ]}
      />
      {current?.summary && (
        <Suspense>
          <ImportSummaryDialog
            summary={current.summary}
            onDone={() => setCurrent(null)}
            onChoose={existing => {
              const only = new Set(current.summary?.existing.map(({ id }) => id));
              void importFile(current.file, { existing, only });
            }}
          />
        </Suspense>
      )}
    </div>
  );
}
