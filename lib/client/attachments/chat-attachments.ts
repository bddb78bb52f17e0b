import { type Attachment, MAX_TEXT_CHARACTERS } from "@/lib/schema/chat";
import { pictureTypeOf } from "@/lib/schema/picture";
import { formatBytes, MIB } from "@/lib/units/bytes";
import { AttachmentError, attachmentOf } from "./attachment";
import { fileKind } from "./file-kind";
import { readPicture } from "./read-picture";
import { decodeText } from "./text-encoding";

/** Enough bytes to tell text from other files, and archives from documents. */
const HEAD_BYTES = MIB;
/** The longest text at three bytes a character, as Chinese has in UTF-8. */
const MAX_TEXT_FILE_BYTES = 3 * MAX_TEXT_CHARACTERS;
const MAX_PDF_BYTES = 50 * MIB;
/** PDF readers search for the PDF mark in this many bytes. */
const PDF_MARK_BYTES = 1024;

/**
 * The text of a file, recognised by its bytes: the text inside a PDF, or text in any known encoding. A picture, where one can be read.
 *
 * @throws AttachmentError
 */
export async function readAttachment(file: File): Promise<Attachment> {
  if (file.size === 0) throw new AttachmentError(`${file.name} is empty.`);
  const head = await readBytes(file, HEAD_BYTES);
  const pictureType = pictureTypeOf(head);
  if (pictureType !== null) return { name: file.name.slice(0, 255), ...(await readPicture(file, pictureType)) };
  const read = isPdf(head) ? await readPdf(file) : await readText(file, head);
  return attachmentOf({ name: file.name.slice(0, 255), fileBytes: file.size, ...read });
}

async function readBytes(file: File, limitBytes = file.size): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(0, limitBytes).arrayBuffer());
  } catch (cause) {
    // The file was moved or deleted since it was chosen, may not be read by this person, or is a folder.
    throw new AttachmentError(`${file.name} could not be read from the disk. Folders cannot be attached.`, { cause });
  }
}

type Read = Pick<Attachment, "mediaType" | "text" | "encoding">;

async function readText(file: File, head: Uint8Array): Promise<Read> {
  const isLarge = file.size > MAX_TEXT_FILE_BYTES;
  const decoded = await decodeText(isLarge || file.size <= head.length ? head : await readBytes(file));
  if (decoded === null) throw await notText(file, head);
  if (isLarge) throw tooLarge(file, MAX_TEXT_FILE_BYTES);
  const { text, encoding } = decoded;
  return { mediaType: "text/plain", text, ...(encoding !== "utf-8" && { encoding }) };
}

async function notText(file: File, head: Uint8Array): Promise<AttachmentError> {
  const kind = await fileKind(head);
  if (kind !== null) return new AttachmentError(`${file.name} is ${kind.name}, not text. ${kind.next}`);
  return new AttachmentError(
    `${file.name} is not a text file: its bytes are text in no known encoding. Text, Markdown, code, CSV and PDF can be attached.`,
  );
}

const isPdf = (head: Uint8Array): boolean =>
  new TextDecoder("latin1").decode(head.subarray(0, PDF_MARK_BYTES)).includes("%PDF-");

/** The reader is large, so it is loaded with the first PDF. */
async function readPdf(file: File): Promise<Read> {
  if (file.size > MAX_PDF_BYTES) throw tooLarge(file, MAX_PDF_BYTES);
  const bytes = await readBytes(file);
  const { extractText, getDocumentProxy } = await import("unpdf");
  const { text } = await getDocumentProxy(bytes)
    .then(document => extractText(document, { mergePages: true }))
    .catch(cause => {
      throw new AttachmentError(`${file.name} could not be read as a PDF.`, { cause });
    });
  if (text.trim() === "") {
    throw new AttachmentError(`${file.name} holds no text: its pages are probably pictures.`);
  }
  return { mediaType: "application/pdf", text };
}

const tooLarge = (file: File, limitBytes: number): AttachmentError =>
  new AttachmentError(`${file.name} has ${formatBytes(file.size)}; the limit is ${formatBytes(limitBytes)}.`);
