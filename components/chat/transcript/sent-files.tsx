import type { Attachment } from "@/lib/schema/chat";
import { AttachedPicture, AttachmentChip } from "./attachment-chip";

/** The files of a sent message, and its pictures as they are. */
export default function SentFiles({ attachments }: { readonly attachments: readonly Attachment[] }) {
  return attachments.map(attachment =>
    attachment.data === undefined ? (
      <AttachmentChip key={attachment.name} attachment={attachment} />
    ) : (
      <AttachedPicture
        key={attachment.name}
        attachment={attachment}
        className="max-h-72 max-w-full border border-line"
      />
    ),
  );
}
