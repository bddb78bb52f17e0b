/** Neighbouring numbers of GPU layers, first to last, at which the compute buffers are the same. */
export interface LayerRun {
  readonly first: number;
  readonly last: number;
  readonly value: string;
}

/**
 * Cuts `first..last` into runs of equal value. With `everywhere` each number is looked at; without it equal ends and an equal
 * middle are taken for a run, which holds for models whose blocks are all alike and needs few looks.
 *
 * @param valueAt a text that is equal where the compute buffers are equal
 */
export async function layerRuns(
  first: number,
  last: number,
  everywhere: boolean,
  valueAt: (gpuLayers: number) => Promise<string>,
): Promise<LayerRun[]> {
  const known = new Map<number, string>();
  const look = async (gpuLayers: number): Promise<string> => {
    const value = known.get(gpuLayers) ?? (await valueAt(gpuLayers));
    known.set(gpuLayers, value);
    return value;
  };

  /** Where the run that starts at `from` ends, at or before `to`. */
  const endOfRun = async (from: number, to: number): Promise<number> => {
    const value = await look(from);
    if (everywhere) {
      let end = from;
      while (end < to && (await look(end + 1)) === value) end += 1;
      return end;
    }
    const middle = Math.floor((from + to) / 2);
    if ((await look(to)) === value && (await look(middle)) === value) return to;
    let equal = from;
    let different = (await look(middle)) === value ? to : middle;
    while (different - equal > 1) {
      const between = Math.floor((equal + different) / 2);
      if ((await look(between)) === value) equal = between;
      else different = between;
    }
    return (await look(different)) === value ? different : equal;
  };

  const runs: LayerRun[] = [];
  for (let start = first; start <= last; ) {
    const end = await endOfRun(start, last);
    runs.push({ first: start, last: end, value: await look(start) });
    start = end + 1;
  }
  return runs;
}

/** Runs of equal value together: blocks of two kinds that take turns make many runs, but few kinds of run. */
export function kindsOfRun(runs: readonly LayerRun[]): LayerRun[][] {
  const kinds = new Map<string, LayerRun[]>();
  for (const run of runs) kinds.set(run.value, [...(kinds.get(run.value) ?? []), run]);
  return [...kinds.values()];
}
