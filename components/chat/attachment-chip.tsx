import { FileText, X } from "lucide-react";
import { formatEncoding } from "@/lib/client/text-encoding";
import type { Attachment } from "@/lib/schema/chat";
import { formatBytes } from "@/lib/units/bytes";

interface AttachmentChipProps {
  readonly attachment: Attachment;
  readonly onRemove?: () => void;
}

/** A file by its name, the encoding that was guessed, and its size; what of it the model gets is its text. */
export function AttachmentChip({ attachment, onRemove }: AttachmentChipProps) {
  const { name, text, fileBytes, encoding } = attachment;
  const textBytes = new Blob([text]).size;
  return (
    <span className="inline-flex min-h-8 max-w-full items-center gap-2 rounded-control border border-line bg-surface px-2.5 text-sm">
      <FileText aria-hidden size={14} className="shrink-0 text-ink-3" />
      <span className="truncate">{name}</span>
      {encoding && (
        <span
          className="shrink-0 text-ink-3 text-xs"
          title="How its bytes were read. If letters look wrong, save it as UTF-8."
        >
          {formatEncoding(encoding)}
        </span>
      )}
      <span className="shrink-0 text-ink-3 text-xs" title={`${formatBytes(textBytes)} of text go to the model`}>
        {formatBytes(fileBytes ?? textBytes)}
      </span>
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
