import type { Attachment } from "@/lib/schema/chat";
import { noPicturesWords } from "@/lib/schema/engines/no-pictures-words";
import { takesPictures } from "@/lib/schema/live-events";
import { MAX_PICTURE_BYTES } from "@/lib/schema/picture";
import { formatBytes } from "@/lib/units/bytes";
import { liveStore } from "../live-store";
import { AttachmentError } from "./attachment";

/** A picture up to this size is sent as it is. */
const KEPT_BYTES = 1024 * 1024;
/** More than any engine looks at: the largest take four million pixels. */
const LONGEST_SIDE = 2048;
const JPEG_QUALITY = 0.85;

/**
 * A picture for an engine that reads them: a large one is made smaller first.
 *
 * @throws AttachmentError where the engine that answers reads none, with what is missing
 */
export async function readPicture(file: File, mediaType: string): Promise<Omit<Attachment, "name">> {
  const engine = liveStore.get().engine ?? {};
  if (!takesPictures(engine)) {
    const kind = mediaType.replace("image/", "").toUpperCase();
    throw new AttachmentError(`${file.name} is a picture (${kind}), and ${noPicturesWords(engine)}`);
  }
  const sent = file.size <= KEPT_BYTES ? { mediaType, blob: file } : await smaller(file);
  if (sent.blob.size > MAX_PICTURE_BYTES)
    throw new AttachmentError(
      `${file.name} has ${formatBytes(sent.blob.size)}; the limit is ${formatBytes(MAX_PICTURE_BYTES)}.`,
    );
  const bytes = new Uint8Array(await sent.blob.arrayBuffer());
  return { mediaType: sent.mediaType, fileBytes: bytes.length, text: "", data: base64Of(bytes) };
}

async function smaller(file: File): Promise<{ mediaType: string; blob: Blob }> {
  const bitmap = await createImageBitmap(file).catch(cause => {
    throw new AttachmentError(`${file.name} could not be read as a picture.`, { cause });
  });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map(side => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(width ?? 1, height ?? 1);
  const context = canvas.getContext("2d");
  if (context === null) throw new AttachmentError(`${file.name} could not be made smaller.`);
  // JPEG knows no transparent places.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return { mediaType: "image/jpeg", blob: await canvas.convertToBlob({ type: "image/jpeg", quality: JPEG_QUALITY }) };
}

/** A call takes a limited number of arguments. */
const PIECE_BYTES = 32 * 1024;

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES));
  return btoa(text);
}
