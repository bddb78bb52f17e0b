/** What a file that is not text seems to be, and what the user can do about it. */
export interface FileKind {
  /** "a picture (PNG)" */
  readonly name: string;
  readonly next: string;
}

const MEDIA_NEXT = "The model reads text only.";
const OFFICE_NEXT = "Save it as PDF or as text and attach that.";
const ARCHIVE_NEXT = "Unpack it and attach the text files in it.";
const OTHER_NEXT = "Text, Markdown, code, CSV and PDF can be attached.";

/** By the file type's usual ending; first match counts. */
const kinds: readonly (readonly [endings: RegExp, name: string, next: string])[] = [
  [/^doc[xm]$/, "a Word document", OFFICE_NEXT],
  [/^xls[xmb]$/, "an Excel workbook", OFFICE_NEXT],
  [/^pp[ts][xm]$/, "a PowerPoint presentation", OFFICE_NEXT],
  [/^od[tspg]$/, "an OpenDocument file", OFFICE_NEXT],
  [/^cfb$/, "a document of an old Office program", OFFICE_NEXT],
  [/^(?:epub|mobi)$/, "an electronic book", OFFICE_NEXT],
  [/^(?:zip|7z|rar|tar|tar\.gz|gz|bz2|xz|zst|lz4|lz|lzh|cab|ar|ace|Z|cpio|jar|apk)$/, "an archive", ARCHIVE_NEXT],
  [/^(?:exe|elf|macho|wasm|class|deb|rpm|dll)$/, "a program", OTHER_NEXT],
  [/^sqlite$/, "a database", OTHER_NEXT],
  [/^(?:ttf|otf|woff2?|eot|ttc)$/, "a font", OTHER_NEXT],
];
const media: readonly (readonly [mime: RegExp, name: string])[] = [
  [/^image\//, "a picture"],
  [/^audio\//, "sound"],
  [/^video\//, "a film"],
];

/**
 * Judged by the first bytes of a file that is not text; null if they match nothing known. The table of
 * signatures is loaded with the first file that needs it.
 */
export async function fileKind(head: Uint8Array): Promise<FileKind | null> {
  if (new TextDecoder("latin1").decode(head.subarray(0, 4)) === "GGUF") {
    return { name: "a model (GGUF)", next: "Models are opened on the Models page." };
  }
  const { fileTypeFromBuffer } = await import("file-type/core");
  const type = await fileTypeFromBuffer(head).catch(() => undefined);
  if (type === undefined) return null;
  const ending = type.ext.toUpperCase();
  const [, name, next] = kinds.find(([endings]) => endings.test(type.ext)) ?? [];
  if (name !== undefined && next !== undefined) return { name: `${name} (${ending})`, next };
  const mediaName = media.find(([mime]) => mime.test(type.mime))?.[1];
  if (mediaName !== undefined) return { name: `${mediaName} (${ending})`, next: MEDIA_NEXT };
  return { name: `a file of the type ${ending}`, next: OTHER_NEXT };
}
