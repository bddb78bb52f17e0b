import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { MIB } from "@/lib/units/bytes";

/** sha256 in hex, piece by piece: a piece takes about a millisecond, so the server answers in between. @param onBytes after each piece */
export async function hashFile(
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: MIB, signal })) {
    hash.update(chunk);
    onBytes(chunk.byteLength);
  }
  return hash.digest("hex");
}
