import { open } from "node:fs/promises";
import { dryRunHeader } from "@/lib/gguf/header/dry-run-header";
import { JobError } from "../job-error";

/** Covers the whole header of an ordinary model, or most of it. */
const FIRST_READ_BYTES = 4 * 1024 * 1024;

/**
 * The header of this file, reduced to what a dry run needs. Reads only as much of the file as the header takes.
 *
 * @throws GgufFormatError for a file that is not a GGUF; JobError for a file that got shorter while it was read
 */
export async function readDryRunHeader(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    for (let wantedBytes = Math.min(size, FIRST_READ_BYTES); ; ) {
      const bytes = Buffer.alloc(wantedBytes);
      const { bytesRead } = await file.read(bytes, 0, wantedBytes, 0);
      if (bytesRead < wantedBytes)
        throw new JobError("CORRUPT_MODEL", `${path} became shorter while it was read: ${bytesRead} of ${size} bytes.`);
      const header = dryRunHeader(bytes, size);
      if (header.kind === "header") return header.bytes;
      wantedBytes = header.bytes;
    }
  } finally {
    await file.close();
  }
}
