import type { Attachment } from "@/lib/schema/chat";
import { formatBytes, MIB } from "@/lib/units/bytes";

/** More text than any context holds; a request must stay below the server's limit as well. */
const MAX_TEXT_BYTES = 2 * MIB;
const MAX_PDF_BYTES = 50 * MIB;

/** A file that cannot be attached, in words for who tried. */
export class AttachmentError extends Error {
  override readonly name = "AttachmentError";
}

const isPdf = (file: File): boolean => file.type === "application/pdf" || /\.pdf$/i.test(file.name);
const isMedia = (file: File): boolean => /^(?:image|audio|video)\//.test(file.type);

/**
 * The text of a file: UTF-8, or what a PDF holds as text.
 *
 * @throws AttachmentError
 */
export async function readAttachment(file: File): Promise<Attachment> {
  if (isMedia(file)) throw new AttachmentError(`${file.name}: pictures, sound and films are not supported.`);
  const text = isPdf(file) ? await readPdf(file) : await readText(file);
  if (text.trim() === "") throw new AttachmentError(`${file.name} holds no text.`);
  return { name: file.name.slice(0, 255), mediaType: file.type || "text/plain", fileBytes: file.size, text };
}

async function readText(file: File): Promise<string> {
  if (file.size > MAX_TEXT_BYTES) throw tooLarge(file, MAX_TEXT_BYTES);
  const bytes = await file.arrayBuffer();
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Not UTF-8: said below, as for a file with NUL bytes.
  }
  throw new AttachmentError(`${file.name} is not a text file. Text, Markdown, code, CSV and PDF can be attached.`);
}

/** The reader is large and comes with the first PDF. */
async function readPdf(file: File): Promise<string> {
  if (file.size > MAX_PDF_BYTES) throw tooLarge(file, MAX_PDF_BYTES);
  const { extractText, getDocumentProxy } = await import("unpdf");
  try {
    const document = await getDocumentProxy(new Uint8Array(await file.arrayBuffer()));
    const { text } = await extractText(document, { mergePages: true });
    if (text.trim() !== "") return text;
  } catch (cause) {
    throw new AttachmentError(`${file.name} could not be read as a PDF.`, { cause });
  }
  throw new AttachmentError(`${file.name} holds no text: its pages are probably pictures.`);
}

const tooLarge = (file: File, limitBytes: number): AttachmentError =>
  new AttachmentError(`${file.name} has ${formatBytes(file.size)}; the limit is ${formatBytes(limitBytes)}.`);
