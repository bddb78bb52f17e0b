import { FileText } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { formatEncoding } from "@/lib/client/attachments/format-encoding";
import type { Attachment } from "@/lib/schema/chat";
import { formatBytes } from "@/lib/units/bytes";

interface AttachmentChipProps {
  readonly attachment: Attachment;
  /** The actions for the file. */
  readonly children?: ReactNode;
}

interface PictureProps {
  readonly attachment: Attachment;
  readonly className: string;
}

export const chipClass =
  "inline-flex min-h-8 max-w-full items-center gap-2 rounded-control border border-line bg-surface px-2.5 text-sm";

/** A file with its name, the guessed encoding and its size. The model gets only its text. */
export function AttachmentChip({ attachment, children }: AttachmentChipProps) {
  const { name, mediaType, text, data, fileBytes, encoding } = attachment;
  // Counted once, so that a key pressed elsewhere does not count megabytes again.
  const textBytes = useMemo(() => new Blob([text]).size, [text]);
  return (
    <span className={chipClass}>
      {data === undefined ? (
        <FileText aria-hidden size={14} className="shrink-0 text-ink-3" />
      ) : (
        <AttachedPicture attachment={attachment} className="size-6 object-cover" />
      )}
      <span className="truncate">{name}</span>
      {encoding && (
        <span
          className="shrink-0 text-ink-3 text-xs"
          title="How its bytes were read. If letters look wrong, save it as UTF-8."
        >
          {formatEncoding(encoding)}
        </span>
      )}
      <span
        className="shrink-0 text-ink-3 text-xs"
        title={data === undefined ? `${formatBytes(textBytes)} of text go to the model` : mediaType}
      >
        {formatBytes(fileBytes ?? textBytes)}
      </span>
      {children}
    </span>
  );
}

/** A picture that was attached; its name is read out. */
export function AttachedPicture({ attachment: { name, mediaType, data }, className }: PictureProps) {
  // biome-ignore lint/performance/noImgElement: the bytes are here already.
  return <img alt={name} src={`data:${mediaType};base64,${data}`} className={`rounded-control ${className}`} />;
}
