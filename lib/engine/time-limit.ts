import { createContext, Script } from "node:vm";

export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";

  constructor(limitMs: number) {
    super(`It took longer than ${limitMs / 1000} s and was stopped.`);
  }
}

const sandbox: { work: () => void } = { work: () => {} };
const context = createContext(sandbox);
const script = new Script("work()");

/**
 * Runs a synchronous function and ends it when it takes too long, even in an endless loop: V8 stops the script that is started
 * here and everything that it calls. Used for chat templates, which are programs that come with a model file.
 *
 * @throws TimeLimitError, or what the work threw
 */
export function withTimeLimit<Result>(limitMs: number, work: () => Result): Result {
  const outcome: { result?: { value: Result }; error?: { value: unknown } } = {};
  sandbox.work = () => {
    try {
      outcome.result = { value: work() };
    } catch (error) {
      outcome.error = { value: error };
    }
  };
  try {
    script.runInContext(context, { timeout: limitMs });
  } catch (error) {
    throw isTimeout(error) ? new TimeLimitError(limitMs) : error;
  } finally {
    sandbox.work = () => {};
  }
  if (outcome.result === undefined) throw outcome.error?.value;
  return outcome.result.value;
}

/** The error may come from another realm, where `instanceof` does not recognise it. */
const isTimeout = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
