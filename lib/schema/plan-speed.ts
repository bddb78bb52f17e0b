import * as z from "zod/mini";

/** Tokens a second: as a range, and whether a measurement on this computer stands behind it. */
export const speedRangeSchema = z.object({
  low: z.number().check(z.minimum(0)),
  high: z.number().check(z.minimum(0)),
  measured: z.boolean(),
});
export type SpeedRange = z.infer<typeof speedRangeSchema>;

/** How fast a plan answers: with an empty context and with a full one. */
export const planSpeedSchema = z.object({ decodeEmpty: speedRangeSchema, decodeFull: speedRangeSchema });
export type PlanSpeed = z.infer<typeof planSpeedSchema>;

const perSecond = z.number().check(z.positive());

/** What the speed of a plan depends on, besides the plan and the card. The browser predicts with it while a slider moves. */
export const machineSpeedSchema = z.object({
  /** Bytes that the processor reads from memory in a second. */
  ramBytesPerSecond: perSecond,
  /** Measured speed divided by predicted speed, over past loads on the present card; null before the first. */
  gpuCorrection: z.nullable(perSecond),
  /** The same over past loads on the processor alone. */
  cpuCorrection: z.nullable(perSecond),
});
export type MachineSpeed = z.infer<typeof machineSpeedSchema>;
