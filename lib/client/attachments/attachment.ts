import { type Attachment, MAX_TEXT_CHARACTERS } from "@/lib/schema/chat";

/** A file that cannot be attached; the message is for the user. */
export class AttachmentError extends Error {
  override readonly name = "AttachmentError";
}

/**
 * Pasted text that is too long for the field.
 *
 * @throws AttachmentError
 */
export const attachPastedText = (text: string, name: string): Attachment =>
  attachmentOf({ name, mediaType: "text/plain", text });

/** @throws AttachmentError when there is no text, or more than a message may hold */
export function attachmentOf(attachment: Attachment): Attachment {
  const { name, text } = attachment;
  if (!/\S/.test(text)) throw new AttachmentError(`${name} holds no text.`);
  if (text.length > MAX_TEXT_CHARACTERS) {
    const count = text.length.toLocaleString("en-US");
    const limit = MAX_TEXT_CHARACTERS.toLocaleString("en-US");
    throw new AttachmentError(`${name} has ${count} characters of text; at most ${limit} can be attached.`);
  }
  return attachment;
}
