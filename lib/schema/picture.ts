import * as z from "zod/mini";

/** What engines that read pictures take, by the usual end of a file's name. */
const pictureTypes = ["image/png", "image/jpeg", "image/webp"] as const;
const pictureTypeSchema = z.enum(pictureTypes);
type PictureType = z.infer<typeof pictureTypeSchema>;

/** A request holds several, with the text around them. The page makes larger ones smaller before it sends them. */
export const MAX_PICTURE_BYTES = 4 * 1024 * 1024;
/** Base64 has four characters for three bytes. */
const MAX_CHARACTERS = Math.ceil(MAX_PICTURE_BYTES / 3) * 4;
/** Of its base64: the first 12 bytes. */
const HEAD_CHARACTERS = 16;

/** What the first bytes of a file say, whatever its name is; null for everything but PNG, JPEG and WebP. */
export function pictureTypeOf(bytes: Uint8Array): PictureType | null {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (text.startsWith("\xff\xd8\xff")) return "image/jpeg";
  return text.startsWith("RIFF") && text.slice(8) === "WEBP" ? "image/webp" : null;
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));

/** A picture's bytes as base64. Its type is checked by its bytes. */
export const pictureDataSchema = z.string().check(
  z.maxLength(MAX_CHARACTERS, { abort: true }),
  z.regex(/^[A-Za-z0-9+/]+={0,2}$/, { abort: true }),
  z.refine(
    data => data.length % 4 === 0 && pictureTypeOf(bytesOf(data.slice(0, HEAD_CHARACTERS))) !== null,
    "must be the bytes of a PNG, JPEG or WebP picture as base64",
  ),
);

export const isPictureType = (mediaType: string): boolean => pictureTypes.some(type => type === mediaType);

/** A picture in a turn. Where only tokens are counted its data is left out. */
export const pictureSchema = z.object({ mediaType: z.string(), data: z.string() });
export type Picture = z.infer<typeof pictureSchema>;

/** The picture of "data:image/png;base64,iVBORw0..."; a sentence's end for anything else. */
export function readDataUrl(url: string): Picture | string {
  if (/^https?:/i.test(url)) return "must be a data: URL, because this server fetches nothing for its clients";
  const [, mediaType = "", data = ""] = /^data:([\w.+-]+\/[\w.+-]+);base64,(.*)$/s.exec(url) ?? [];
  if (!isPictureType(mediaType)) return "must be a data: URL of a PNG, JPEG or WebP picture in base64";
  if (data.length > MAX_CHARACTERS) return `has more than ${MAX_PICTURE_BYTES / 1024 / 1024} MiB`;
  if (!pictureDataSchema.safeParse(data).success) return "must hold the bytes of a PNG, JPEG or WebP picture";
  return { mediaType, data };
}
