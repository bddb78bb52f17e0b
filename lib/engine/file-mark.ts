import { stat } from "node:fs/promises";
import { JobError } from "./job-error";

/** Tells a file from another one under the same name. @throws JobError for what is no file, or not there */
export async function fileMark(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null);
  if (stats === null) throw new JobError("MODEL_NOT_FOUND", "The model file is not there.");
  if (!stats.isFile()) throw new JobError("NOT_A_FILE", "The model is not a file.");
  return [stats.dev, stats.ino, stats.size, stats.mtimeMs].join(" ");
}
