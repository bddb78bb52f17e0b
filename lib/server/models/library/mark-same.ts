import { createHash } from "node:crypto";
import { open, realpath, stat } from "node:fs/promises";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { MIB } from "@/lib/units/bytes";

/** Enough for the header and some weights of every model. Two fine-tunes of one model have headers of the same size. */
const COMPARED_BYTES = MIB;

/** Notes for each file whether an earlier one has the same content: the same size, start and end, or the same file behind a link. */
export async function markSame<Model extends Pick<LocalModel, "name" | "fileBytes" | "profile" | "sameAs">>(
  models: readonly Model[],
  pathOf: (model: Model) => string,
): Promise<Model[]> {
  const countOf = new Map<number, number>();
  for (const { fileBytes } of models) countOf.set(fileBytes, (countOf.get(fileBytes) ?? 0) + 1);
  const firstOf = new Map<string, string>();
  const marked: Model[] = [];
  for (const model of models) {
    const isAlone = model.profile === null || countOf.get(model.fileBytes) === 1;
    const mark = isAlone ? null : await contentMark(pathOf(model), model.fileBytes).catch(() => null);
    const sameAs = mark === null ? null : (firstOf.get(mark) ?? null);
    if (mark !== null && sameAs === null) firstOf.set(mark, model.name);
    marked.push({ ...model, sameAs });
  }
  return marked;
}

/** The marks of files that did not change, by path; read once for a library that is listed again and again. */
const known = new Map<string, { readonly stamp: string; readonly mark: string }>();

async function contentMark(path: string, modelBytes: number): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  const stamp = `${ino}:${size}:${mtimeMs}`;
  const before = known.get(path);
  if (before?.stamp === stamp) return before.mark;
  const hash = createHash("sha256").update(`${modelBytes}:${size}`);
  const file = await open(await realpath(path));
  try {
    for (const offsetBytes of [0, Math.max(0, size - COMPARED_BYTES)]) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(COMPARED_BYTES), 0, COMPARED_BYTES, offsetBytes);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  const mark = hash.digest("hex");
  known.set(path, { stamp, mark });
  return mark;
}
