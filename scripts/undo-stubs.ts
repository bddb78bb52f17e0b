import { afterAll, vi } from "vitest";

/** The files of a run share a process: what one stubs must be gone before the next begins. */
afterAll(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});
