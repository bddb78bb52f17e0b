import { stat } from "node:fs/promises";
import { JobError } from "../job-error";

/** A mark that differs when a file was replaced under the same name. @throws JobError if the path is missing or is not a file */
export async function fileMark(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null);
  if (stats === null) throw new JobError("MODEL_NOT_FOUND", "The model file is not there.");
  if (!stats.isFile()) throw new JobError("NOT_A_FILE", "The model is not a file.");
  return [stats.dev, stats.ino, stats.size, stats.mtimeMs].join(" ");
}
