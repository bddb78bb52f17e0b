import { describe, expect, it } from "vitest";
import { EngineCrashedError } from "./engine-errors";

describe("EngineCrashedError", () => {
  it.each([
    [{ exitCode: null, signal: "SIGSEGV" }, "signal SIGSEGV"],
    [{ exitCode: 1, signal: null }, "exit code 1"],
    [{ exitCode: null, signal: null }, "exit code unknown"],
    // NTSTATUS: STATUS_ACCESS_VIOLATION and STATUS_DLL_NOT_FOUND.
    [{ exitCode: 0xc0000005, signal: null }, "exit code 0xC0000005: access violation"],
    [{ exitCode: 0xc0000135, signal: null }, "exit code 0xC0000135: a library is missing"],
  ])("tells %j as %s", (exit, words) => {
    expect(new EngineCrashedError(exit).message).toBe(`The engine process ended unexpectedly (${words}).`);
  });
});
