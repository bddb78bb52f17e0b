import { FileText, X } from "lucide-react";
import type { Attachment } from "@/lib/schema/chat";
import { formatBytes } from "@/lib/units/bytes";

interface AttachmentChipProps {
  readonly attachment: Attachment;
  readonly onRemove?: () => void;
}

/** A file by its name, with the size of the text that the model gets. */
export function AttachmentChip({ attachment, onRemove }: AttachmentChipProps) {
  const { name, text } = attachment;
  return (
    <span className="inline-flex min-h-8 max-w-full items-center gap-2 rounded-control border border-line bg-surface px-2.5 text-sm">
      <FileText aria-hidden size={14} className="shrink-0 text-ink-3" />
      <span className="truncate">{name}</span>
      <span className="shrink-0 text-ink-3 text-xs">{formatBytes(new Blob([text]).size)}</span>
      {onRemove && (
        <button
          type="button"
          aria-label={`Remove ${name}`}
          onClick={onRemove}
          className="-mr-1.5 grid size-6 place-items-center rounded-full hover:bg-sunken"
        >
          <X aria-hidden size={14} />
        </button>
      )}
    </span>
  );
}
