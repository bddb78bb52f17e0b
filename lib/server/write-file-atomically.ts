import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

let writeCount = 0;

/** The file holds either what it held before or all of `text`, also when the power fails in between. */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  writeCount += 1;
  const draftPath = `${path}.${process.pid}.${writeCount}.tmp`;
  try {
    const draft = await open(draftPath, "w");
    try {
      await draft.writeFile(text);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(draftPath, path);
  } catch (error) {
    await rm(draftPath, { force: true });
    throw error;
  }
}
