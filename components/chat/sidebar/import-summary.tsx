"use client";
import { TriangleAlert } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import type { ImportChoice, ImportSummary } from "@/lib/client/chat/chat-upload";
import { countedChats } from "./counted-chats";

interface ImportSummaryProps {
  readonly summary: ImportSummary;
  readonly onChoose: (existing: Exclude<ImportChoice["existing"], "skip">) => void;
  readonly onDone: () => void;
}

/** The open points of an import: chats that exist already, and what was not imported. */
export default function ImportSummaryDialog({ summary, onChoose, onDone }: ImportSummaryProps) {
  const { imported, existing, notes, problem } = summary;
  return (
    <Dialog onClose={onDone} title={`${countedChats(imported)} imported`}>
      <div className="flex flex-col gap-4">
        {problem !== null && (
          <p role="alert" className="flex items-start gap-2">
            <TriangleAlert aria-hidden size={16} className="mt-1 shrink-0 text-warn" />
            {problem}
          </p>
        )}
        {existing.length > 0 && (
          <section aria-label="Here already" className="flex flex-col gap-2">
            <p>
              {countedChats(existing.length)} of the file {existing.length === 1 ? "is" : "are"} here already:
            </p>
            <TitleList titles={existing.map(({ title }) => title)} />
            <p className="text-ink-2 text-sm">
              Replacing {existing.length === 1 ? "it" : "them"} drops what was written here since the export.
            </p>
            <div className="flex flex-wrap gap-2">
              <Button look="primary" onClick={onDone}>
                Skip
              </Button>
              <Button onClick={() => onChoose("copy")}>Keep both</Button>
              <Button look="danger" onClick={() => onChoose("replace")}>
                Replace
              </Button>
            </div>
          </section>
        )}
        {notes.length > 0 && (
          <section aria-label="Not imported completely" className="flex flex-col gap-2">
            <p>Not imported, or not completely:</p>
            <ul className="flex max-h-64 flex-col gap-2 overflow-auto rounded-control border border-line p-3 text-sm">
              {notes.map(({ title, reason }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes, and titles repeat
                <li key={index} className="min-w-0">
                  <p dir="auto" className="truncate font-medium">
                    {title}
                  </p>
                  <p className="text-ink-2">{reason}</p>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </Dialog>
  );
}

const SHOWN_TITLES = 5;

function TitleList({ titles }: { readonly titles: readonly string[] }) {
  const more = titles.length - SHOWN_TITLES;
  return (
    <ul className="text-sm">
      {titles.slice(0, SHOWN_TITLES).map((title, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes, and titles repeat
        <li key={index} dir="auto" className="truncate font-medium">
          {title}
        </li>
      ))}
      {more > 0 && <li className="text-ink-2">and {more} more</li>}
    </ul>
  );
}
