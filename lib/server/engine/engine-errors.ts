import type { ErrorCode } from "@/lib/schema/api-error";
import type { EngineMessage } from "@/lib/schema/engine-commands";

interface EngineErrorDetails {
  readonly deficitBytes?: number | undefined;
  readonly promptTokens?: number | undefined;
  readonly contextTokens?: number | undefined;
  readonly cause?: unknown;
}

/** A command that the engine refused or could not finish. Users and programs see this code. */
export class EngineError extends Error {
  override readonly name: string = "EngineError";
  /** For OUT_OF_MEMORY, if the backend reported it: how much was missing. */
  readonly deficitBytes: number | null;
  /** For CONTEXT_EXCEEDED: the tokens of the prompt and of the context. */
  readonly promptTokens: number | null;
  readonly contextTokens: number | null;

  constructor(
    readonly code: ErrorCode,
    message: string,
    details: EngineErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.deficitBytes = details.deficitBytes ?? null;
    this.promptTokens = details.promptTokens ?? null;
    this.contextTokens = details.contextTokens ?? null;
  }

  static fromMessage(message: Extract<EngineMessage, { type: "error" }>): EngineError {
    return new EngineError(message.code, message.message, message);
  }
}

/** How a child ended, as the operating system reports it. */
export interface EngineExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/**
 * Windows ends a program with one of these where other systems send a signal.
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55
 */
const windowsExits: Readonly<Record<number, string>> = {
  3221225477: "access violation",
  3221225501: "an instruction that this processor does not know",
  3221225725: "stack overflow",
  3221225781: "a library is missing",
  3221225786: "Ctrl+C",
  3221226505: "it aborted",
};

const exitCodeWords = (exitCode: number): string =>
  windowsExits[exitCode] === undefined
    ? `exit code ${exitCode}`
    : `exit code 0x${exitCode.toString(16).toUpperCase()}: ${windowsExits[exitCode]}`;

const describeExit = ({ exitCode, signal }: EngineExit): string => {
  if (signal !== null) return `signal ${signal}`;
  return exitCode === null ? "exit code unknown" : exitCodeWords(exitCode);
};

/** The child ended by itself or was killed from outside while it was needed. */
export class EngineCrashedError extends EngineError {
  override readonly name = "EngineCrashedError";

  constructor(readonly exit: EngineExit) {
    super("ENGINE_CRASHED", `The engine process ended unexpectedly (${describeExit(exit)}).`);
  }
}

/** The child gave no sign of life, or did not stop a command when told to, and was killed. */
export class EngineHungError extends EngineError {
  override readonly name = "EngineHungError";

  constructor(what: string) {
    super("ENGINE_TIMEOUT", `${what} It was ended.`);
  }
}

/** Too many crashes in a short time: the supervisor stays down until someone changes something. */
export class EngineFailedError extends EngineError {
  override readonly name = "EngineFailedError";

  constructor(crashes: number, windowMs: number, lastReason: string) {
    super(
      "ENGINE_FAILED",
      `The engine crashed ${crashes} times within ${Math.round(windowMs / 1000)} s and is not started again by itself. ` +
        `Last: ${lastReason} Choose another model or lower the settings, then load again.`,
    );
  }
}

export class EngineCancelledError extends EngineError {
  override readonly name = "EngineCancelledError";

  constructor(what: string) {
    super("CANCELLED", what);
  }
}

/** The engine ended while this request waited for its turn. Nothing of it was done, so it may be asked again. */
export class EngineLostTurnError extends EngineError {
  override readonly name = "EngineLostTurnError";

  constructor(why: EngineError) {
    super(why.code === "CANCELLED" ? "BUSY" : why.code, why.message, { cause: why });
  }
}
