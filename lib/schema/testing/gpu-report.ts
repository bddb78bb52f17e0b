import type { GpuReport } from "../plans/gpu-memory";

/** The report of a computer on which no card was found, with these values changed. */
export const gpuReport = (change: Partial<GpuReport> = {}): GpuReport => ({
  memory: null,
  reason: null,
  remedy: null,
  driverVersion: null,
  devices: [],
  cards: [],
  lostCards: [],
  processes: [],
  readAtMs: 0,
  ...change,
});
