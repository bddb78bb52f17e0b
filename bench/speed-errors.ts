import { middleOf, predictSpeed } from "@/lib/plan/speed/predict-speed";
import { evidenceOf, plannedSpeed, withAnswer } from "@/lib/plan/speed/receipt-speed";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed, SpeedRange } from "@/lib/schema/plans/plan-speed";
import type { MeasuredModel } from "./measure/measure-model";

export interface SpeedRow {
  readonly id: string;
  readonly surface: MemorySurface;
  readonly config: LoadConfig;
  readonly measured: MeasuredModel;
}

/** Predicted over measured, less 1. */
export interface SpeedErrors {
  readonly before: readonly number[];
  /** Each model from its own first answer, which has a nearly empty context. */
  readonly afterOwn: readonly number[];
  /** Each model from the first answer of each other model. */
  readonly afterOther: readonly number[];
  readonly afterAllOthers: readonly number[];
  readonly prefillBefore: readonly number[];
  readonly prefillAfterOther: readonly number[];
  /** Share of measured decode speeds within the predicted range. */
  readonly withinBefore: number;
  readonly withinAfterOther: number;
}

/** The ranges for exactly the places in the context where it was measured. */
function predictedRanges({ surface, config, measured }: SpeedRow, machine: MachineSpeed) {
  const decodeAt = ({ stats }: MeasuredModel["empty"]): SpeedRange => {
    const contextTokens = stats.promptTokens + stats.generatedTokens / 2;
    return predictSpeed(surface, null, { ...config, contextTokens }, machine).decodeFull;
  };
  const { prefill } = predictSpeed(surface, null, config, machine);
  return { empty: decodeAt(measured.empty), full: decodeAt(measured.full), prefill };
}

export function predictedRates(row: SpeedRow, machine: MachineSpeed) {
  const { empty, full, prefill } = predictedRanges(row, machine);
  return { empty: middleOf(empty), full: middleOf(full), prefill: middleOf(prefill) };
}

const decodeErrors = (row: SpeedRow, machine: MachineSpeed): number[] => {
  const predicted = predictedRates(row, machine);
  const { empty, full } = row.measured;
  return [predicted.empty / empty.stats.tokensPerSecond - 1, predicted.full / full.stats.tokensPerSecond - 1];
};

const prefillError = (row: SpeedRow, machine: MachineSpeed): number =>
  predictedRates(row, machine).prefill / row.measured.prefill.stats.prefillTokensPerSecond - 1;

const isWithin = ({ low, high }: SpeedRange, rate: number): boolean => rate >= low && rate <= high;

const within = (row: SpeedRow, machine: MachineSpeed): boolean[] => {
  const { empty, full } = predictedRanges(row, machine);
  return [
    isWithin(empty, row.measured.empty.stats.tokensPerSecond),
    isWithin(full, row.measured.full.stats.tokensPerSecond),
  ];
};

const shareOf = (hits: readonly boolean[]): number => hits.filter(Boolean).length / Math.max(1, hits.length);

/** The computer after these models were loaded once and answered two short questions. */
function afterLoads(rows: readonly SpeedRow[], machine: MachineSpeed): MachineSpeed {
  const receipts = rows.map(({ surface, config, measured }) => {
    const loaded = { config, speed: plannedSpeed(surface, null, config, machine) };
    const answered = withAnswer(loaded, measured.empty.stats) ?? loaded;
    return withAnswer(answered, measured.prefill.stats) ?? answered;
  });
  return {
    ...machine,
    decode: receipts.flatMap(receipt => evidenceOf(receipt, "decode") ?? []),
    prefill: receipts.flatMap(receipt => evidenceOf(receipt, "prefill") ?? []),
  };
}

export function speedErrors(rows: readonly SpeedRow[], machine: MachineSpeed): SpeedErrors {
  const pairs = rows.flatMap(row => rows.filter(other => other !== row).map(other => ({ row, other })));
  return {
    before: rows.flatMap(row => decodeErrors(row, machine)),
    afterOwn: rows.flatMap(row => decodeErrors(row, afterLoads([row], machine))),
    afterOther: pairs.flatMap(({ row, other }) => decodeErrors(row, afterLoads([other], machine))),
    afterAllOthers: rows.flatMap(row =>
      decodeErrors(
        row,
        afterLoads(
          rows.filter(other => other !== row),
          machine,
        ),
      ),
    ),
    prefillBefore: rows.map(row => prefillError(row, machine)),
    prefillAfterOther: pairs.map(({ row, other }) => prefillError(row, afterLoads([other], machine))),
    withinBefore: shareOf(rows.flatMap(row => within(row, machine))),
    withinAfterOther: shareOf(pairs.flatMap(({ row, other }) => within(row, afterLoads([other], machine)))),
  };
}
