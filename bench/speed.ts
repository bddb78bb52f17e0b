import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { shapeFile } from "@/lib/gguf/testing/model-shapes";
import { writeRandomModel } from "@/lib/gguf/testing/random-weights";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import { defaultSettings } from "@/lib/schema/settings/settings";
import { MachineSpeedMeter, vectorsOf } from "@/lib/server/planning/machine-speed";
import { median } from "@/lib/units/median";
import { formatRate, formatTokens } from "@/lib/units/tokens";
import type { BenchOptions } from "./bench-options";
import {
  type MeasuredModel,
  type MeasureRequest,
  measuredModelSchema,
  measureRequestSchema,
  serveMeasurement,
} from "./measure/measure-model";
import { printTable } from "./measure/print-table";
import { predictedRates, type SpeedErrors, type SpeedRow, speedErrors } from "./speed-errors";
import { type SpeedShape, speedShapes } from "./speed-shapes";

const GOAL_BEFORE = 0.25;
const GOAL_AFTER = 0.1;
const CHILD = "--measure";
const PRIORITY = -18;

/** Predicted against measured speed on this computer's processor. */
export async function benchSpeed({ json, args }: BenchOptions): Promise<void> {
  const [mode, request] = args;
  if (mode === CHILD) {
    await serveMeasurement(measureRequestSchema.parse(JSON.parse(request ?? "")));
    await new Promise(() => {});
  }
  const folder = mkdtempSync(join(tmpdir(), "headroom-bench-speed-"));
  // `npm run bench -- speed SmolLM2 Qwen3` measures only the models so named.
  const chosen = speedShapes.filter(({ shape }) => args.length === 0 || args.some(name => shape.id.includes(name)));
  const rows: SpeedRow[] = [];
  try {
    for (const shape of chosen) rows.push(await measureShape(folder, shape));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const machine = await machineWithout();
  const errors = speedErrors(rows, machine);
  if (json) console.log(JSON.stringify({ machine, errors, rows }));
  else print(rows, machine, errors);
}

/** The computer as it is before the first receipt. */
async function machineWithout(): Promise<MachineSpeed> {
  putFirst(process.pid);
  const folder = mkdtempSync(join(tmpdir(), "headroom-bench-speed-"));
  try {
    const threads = availableParallelism();
    const path = join(folder, "memory-speed.json");
    const vectors = vectorsOf();
    const options = { path, processor: "", threads, ...(vectors && { vectors }), receipts: { list: () => [] } };
    return await new MachineSpeedMeter(options).read(null);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function print(rows: readonly SpeedRow[], machine: MachineSpeed, errors: SpeedErrors): void {
  printTable(
    [
      "model",
      "empty t/s",
      "predicted",
      "error",
      "full",
      "full t/s",
      "predicted",
      "error",
      "prefill",
      "predicted",
      "error",
    ],
    rows.map(row => {
      const { empty, full, prefill } = row.measured;
      const predicted = predictedRates(row, machine);
      const pair = (measured: number, rate: number) => [
        formatRate(measured),
        formatRate(rate),
        percent(rate / measured - 1),
      ];
      return [
        row.id,
        ...pair(empty.stats.tokensPerSecond, predicted.empty),
        formatTokens(full.stats.promptTokens),
        ...pair(full.stats.tokensPerSecond, predicted.full),
        ...pair(prefill.stats.prefillTokensPerSecond, predicted.prefill),
      ];
    }),
  );
  const busiest = Math.max(
    ...rows.flatMap(({ measured }) => Object.values(measured).map(figure => figure.othersCores)),
  );
  const gigabytes = (machine.ramBytesPerSecond / 1e9).toFixed(1);
  console.log(
    `\nMemory ${gigabytes} GB/s, ${machine.threads} threads; other programs used ${busiest.toFixed(1)} cores at most.`,
  );
  const line = (when: string, values: readonly number[], goal?: number) => {
    const middle = median(values.map(Math.abs)) ?? 0;
    const verdict = goal === undefined ? "" : `, goal under ${percent(goal)}: ${middle < goal ? "met" : "MISSED"}`;
    console.log(`${when}: median error ${percent(middle)}${verdict}`);
  };
  line("Decode before any receipt", errors.before, GOAL_BEFORE);
  line("Decode after one receipt of the same model", errors.afterOwn, GOAL_AFTER);
  line("Decode after one receipt of another model", errors.afterOther, GOAL_AFTER);
  line("Decode after a receipt of each other model", errors.afterAllOthers);
  line("Prefill before any receipt", errors.prefillBefore);
  line("Prefill after one receipt of another model", errors.prefillAfterOther);
  console.log(
    `In the range, of four in five: ${percent(errors.withinBefore)} before, ${percent(errors.withinAfterOther)} after one of another model.`,
  );
}

async function measureShape(folder: string, { shape, fullTokens }: SpeedShape): Promise<SpeedRow> {
  const startedMs = performance.now();
  const modelPath = join(folder, "model.gguf");
  writeRandomModel(modelPath, shape);
  const { header, fileBytes } = shapeFile(shape);
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error(`${shape.id} has no whole header.`);
  const run = { batchTokens: defaultSettings.N_BATCH, sequences: 1, flashAttention: "auto" } as const;
  const config: LoadConfig = {
    ...run,
    modelPath,
    gpuLayers: 0,
    contextTokens: fullTokens + 256,
    kvType: "f16",
    threads: availableParallelism(),
    useMmap: true,
  };
  const measured = await measureInChild({ config, fullTokens });
  const { empty, full, prefill, longPrefill } = measured;
  console.error(
    `${shape.id}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s; empty ${(1000 / empty.stats.tokensPerSecond).toFixed(1)} ms, full ${(1000 / full.stats.tokensPerSecond).toFixed(1)} ms, prefill ${prefill.stats.prefillTokensPerSecond.toFixed(0)}, ${longPrefill.stats.prefillTokensPerSecond.toFixed(0)}; others ${[empty, full, prefill, longPrefill].map(figure => figure.othersCores.toFixed(1)).join(" ")}`,
  );
  return { id: shape.id, surface: headerSurface(parsed.profile, run), config, measured };
}

async function measureInChild(request: MeasureRequest): Promise<MeasuredModel> {
  const child = spawn(process.execPath, [process.argv[1] ?? "", "speed", CHILD, JSON.stringify(request)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // The engine has one libuv worker too: see engine.md, trap 1.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
    // A session of its own, which Linux gives its own share of the processor.
    detached: true,
  });
  if (child.pid !== undefined) putFirst(child.pid);
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`The measurement ended with code ${code}.`);
  });
  exited.catch(() => {});
  const [message] = await Promise.race([once(child, "message"), exited]);
  await exited.catch(() => {});
  return measuredModelSchema.parse(message);
}

/** The cores belong to the measurement while it lasts: threads that wait for each other are slow when one of them shares its core. */
function putFirst(pid: number): void {
  try {
    setPriority(pid, PRIORITY);
    writeFileSync(`/proc/${pid}/autogroup`, String(PRIORITY));
  } catch {
    // Not allowed for this user, or another system: then the figures say how busy the computer was.
  }
}
