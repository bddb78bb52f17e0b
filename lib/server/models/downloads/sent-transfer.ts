import type { RequestRules } from "../hub/checked-request";
import { RemoteHeaderError } from "../hub/remote-header-error";
import { DownloadError } from "./download-error";
import type { Allowance } from "./pacer";
import type { PartState, Segment } from "./part-state";
import type { TransferOptions, TransferPace } from "./transfer-options";

/** What the thread of a transfer begins with. */
export interface SentTransfer {
  readonly url: string;
  readonly path: string;
  readonly part: PartState;
  readonly rules: RequestRules;
  readonly pace: TransferPace;
  readonly allowance: Allowance;
}

export type ToTransfer = { readonly type: "allowance"; readonly allowance: Allowance } | { readonly type: "stop" };

export type FromTransfer =
  | { readonly type: "came"; readonly segments: Segment[]; readonly bytes: number }
  | { readonly type: "ended"; readonly error: SentError | null };

export const sentTransfer = ({ url, path, part, rules, pace, limit }: TransferOptions): SentTransfer => ({
  url: url.href,
  path,
  part,
  rules,
  pace,
  allowance: limit.allowance(),
});

/** An error between threads: of a class of its own, only the message would arrive. */
type SentError =
  | {
      readonly kind: "download";
      readonly of: Pick<DownloadError, "code" | "remedy" | "message" | "next" | "waitMs">;
    }
  | { readonly kind: "remote"; readonly of: Pick<RemoteHeaderError, "code" | "message" | "waitSeconds"> }
  | { readonly kind: "system"; readonly message: string; readonly code: unknown; readonly syscall: unknown };

export function sentError(error: unknown): SentError {
  if (error instanceof DownloadError) {
    const { code, remedy, message, next, waitMs } = error;
    return { kind: "download", of: { code, remedy, message, next, waitMs } };
  }
  if (error instanceof RemoteHeaderError) {
    const { code, message, waitSeconds } = error;
    return { kind: "remote", of: { code, message, waitSeconds } };
  }
  if (!(error instanceof Error)) return { kind: "system", message: String(error), code: undefined, syscall: undefined };
  return {
    kind: "system",
    message: error.message,
    code: Reflect.get(error, "code"),
    syscall: Reflect.get(error, "syscall"),
  };
}

export function receiveError(sent: SentError): Error {
  switch (sent.kind) {
    case "download": {
      const { code, remedy, message, next, waitMs } = sent.of;
      return new DownloadError(code, remedy, message, {
        ...(next === undefined ? {} : { next }),
        ...(waitMs === undefined ? {} : { waitMs }),
      });
    }
    case "remote":
      return new RemoteHeaderError(sent.of.code, sent.of.message, { waitSeconds: sent.of.waitSeconds });
    case "system":
      return Object.assign(new Error(sent.message), { code: sent.code, syscall: sent.syscall });
  }
}
