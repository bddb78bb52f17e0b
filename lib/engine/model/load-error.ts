import { InsufficientMemoryError } from "node-llama-cpp";
import type { ErrorCode } from "@/lib/schema/api-error";
import { errorReason } from "@/lib/schema/error-reason";
import { MIB } from "@/lib/units/bytes";
import { type LlamaBackend, readVram } from "../backend/llama-backend";
import { CancelledError, JobError } from "../job-error";

/** llama.cpp gives the reason of a failed load only in its log (engine.md, trap 9). The first pattern that matches gives the code. */
const reasons: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [
    /out of (device )?memory|OutOfDeviceMemory|failed to allocate|unable to allocate|allocation of size/i,
    "OUT_OF_MEMORY",
  ],
  [/unknown model architecture/i, "UNSUPPORTED_ARCH"],
  [/not within the file bounds|corrupted or incomplete|failed to read magic|invalid magic/i, "CORRUPT_MODEL"],
  [/requires flash_attn|does not divide/i, "INVALID_INPUT"],
];

/** "Device memory allocation of size 1073741824 failed", "failed to allocate Vulkan0 buffer of size ...", "allocating 1024.00 MiB on device 0". */
function attemptedBytes(text: string): number | null {
  const [, bytes] = /of size (\d+)/.exec(text) ?? [];
  if (bytes !== undefined) return Number(bytes);
  const [, mib] = /allocating ([\d.]+) MiB/.exec(text) ?? [];
  return mib === undefined ? null : Math.round(Number(mib) * MIB);
}

/** How much more memory the failed allocation needed: at least one byte, because it failed. Null if the log does not say. */
export function reportedDeficitBytes(text: string, freeBytes: number): number | null {
  const attempted = attemptedBytes(text);
  return attempted === null ? null : Math.max(1, attempted - freeBytes);
}

/** The error to report for a failed load, with a code and with llama.cpp's own reason if there is one. */
export async function loadError(
  error: unknown,
  backend: LlamaBackend,
  mark: number,
  signal: AbortSignal,
): Promise<JobError> {
  if (signal.aborted) return new CancelledError();
  if (error instanceof JobError) return error;
  const said = await backend.log.reasonSince(mark);
  const message = said ?? errorReason(error);
  const code = error instanceof InsufficientMemoryError ? "OUT_OF_MEMORY" : loadErrorCode(message);
  if (code !== "OUT_OF_MEMORY") return new JobError(code, message, {}, { cause: error });
  const vram = await readVram(backend);
  const deficitBytes = vram === null ? null : reportedDeficitBytes(message, vram.freeBytes);
  return new JobError(code, message, deficitBytes === null ? {} : { deficitBytes }, { cause: error });
}

export const loadErrorCode = (message: string): ErrorCode =>
  reasons.find(([pattern]) => pattern.test(message))?.[1] ?? "ENGINE_FAILED";
